-- A limit lets through as many as it says, per tenant and window, and its table does not grow.
begin;
select plan(18);

create function pg_temp.at(p_time text) returns void language plpgsql as $$
begin
    execute format('create or replace function core.clock() returns timestamptz language sql volatile return %L::timestamptz', p_time);
end;
$$;
insert into core.tenant (tenant_id, slug, name, kind) values
('00000000-0000-0000-0000-00000000000a', 'a', 'A', 'league'),
('00000000-0000-0000-0000-00000000000b', 'b', 'B', 'league');
select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000a', true);

select pg_temp.at('2030-01-01 00:00:00+00');
select results_eq($$select * from core.rate_limit_take('x', 2, '1 min')$$, $$values (true, 1, '2030-01-01 00:01:00+00'::timestamptz)$$, 'the first');
select results_eq($$select * from core.rate_limit_take('x', 2, '1 min')$$, $$values (true, 0, '2030-01-01 00:01:00+00'::timestamptz)$$, 'the last');
select results_eq($$select * from core.rate_limit_take('x', 2, '1 min')$$, $$values (false, 0, '2030-01-01 00:01:00+00'::timestamptz)$$, 'one too many');
select results_eq($$select allowed from core.rate_limit_take('y', 2, '1 min')$$, array[true], 'another subject has its own');
select results_eq($$select allowed from core.rate_limit_take('z', 0, '1 min')$$, array[false], 'a limit of none lets nobody through');
select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000b', true);
select results_eq($$select allowed from core.rate_limit_take('x', 2, '1 min')$$, array[true], 'another tenant has its own');
select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000a', true);
select pg_temp.at('2030-01-01 00:01:00+00');
select results_eq($$select allowed, remaining from core.rate_limit_take('x', 2, '1 min')$$, $$values (true, 1)$$, 'a new window begins when the old one ends');

select count(*) from generate_series(1, 50) as n cross join lateral core.rate_limit_take('old ' || n, 1, '1 min');
select pg_temp.at('2030-01-02 00:00:00+00');
select count(*) from generate_series(1, 30) as n cross join lateral core.rate_limit_take('new ' || n, 1, '1 min');
select cmp_ok((select count(*)::integer from core.rate_bucket where subject like 'old%'), '=', 0, 'new subjects sweep what is over');

select ok(core.cooldown_start('wipe', '60 s'), 'an action that was never taken is free');
select ok(not core.cooldown_start('wipe', '60 s'), 'and then it is not');
select pg_temp.at('2030-01-02 00:01:00+00');
select ok(core.cooldown_start('wipe', '60 s'), 'until the window is over');
select throws_ok($$select core.rate_limit_take('x', -1, '1 min')$$, '22023', null, 'a limit below none');
select throws_ok($$select core.rate_limit_take('x', null, '1 min')$$, '22023', null, 'no limit at all');
select throws_ok($$select core.rate_limit_take('x', 1, '0 s')$$, '22023', null, 'a window of no time');
select throws_ok($$select core.rate_limit_take(repeat('x', 10000), 1, '1 s')$$, '22001', null, 'a subject as long as a page');
select throws_ok($$select core.cooldown_start('x', null)$$, '22023', null, 'a cooldown of no time');
select set_config('app.tenant_id', '', true);
select throws_ok($$select core.rate_limit_take('x', 1, '1 min')$$, '42501', null, 'no tenant, no limit');
select throws_ok($$select core.cooldown_start('x', '1 min')$$, '42501', null, 'nor cooldown');

select * from finish();
rollback;

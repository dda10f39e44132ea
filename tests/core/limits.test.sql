-- A limit allows its number of calls per tenant and window, and its table does not grow.
begin;
\ir ../prelude.sql
select plan(18);

select pg_temp.at('2030-01-01 00:00:00+00');
select results_eq(
    $$select * from core.rate_limit_take('x', 2, '1 min')$$, $$values (true, 1, '2030-01-01 00:01:00+00'::timestamptz)$$,
    'rate_limit_take() allows the first call and returns the end of the window'
);
select results_eq(
    $$select * from core.rate_limit_take('x', 2, '1 min')$$, $$values (true, 0, '2030-01-01 00:01:00+00'::timestamptz)$$,
    'rate_limit_take() allows the last call of the limit'
);
select results_eq(
    $$select * from core.rate_limit_take('x', 2, '1 min')$$, $$values (false, 0, '2030-01-01 00:01:00+00'::timestamptz)$$,
    'rate_limit_take() refuses a call above the limit'
);
select results_eq($$select allowed from core.rate_limit_take('y', 2, '1 min')$$, array[true], 'rate_limit_take() counts each subject separately');
select results_eq($$select allowed from core.rate_limit_take('z', 0, '1 min')$$, array[false], 'rate_limit_take() refuses every call when the limit is 0');
select pg_temp.as_tenant('b');
select results_eq($$select allowed from core.rate_limit_take('x', 2, '1 min')$$, array[true], 'rate_limit_take() counts each tenant separately');
select pg_temp.as_tenant('a');
select pg_temp.at('2030-01-01 00:01:00+00');
select results_eq(
    $$select allowed, remaining from core.rate_limit_take('x', 2, '1 min')$$, $$values (true, 1)$$,
    'rate_limit_take() counts from zero in a new window'
);

select count(*) from generate_series(1, 50) as n cross join lateral core.rate_limit_take('old ' || n, 1, '1 min');
select pg_temp.at('2030-01-02 00:00:00+00');
select count(*) from generate_series(1, 30) as n cross join lateral core.rate_limit_take('new ' || n, 1, '1 min');
select cmp_ok(
    (select count(*)::integer from core.rate_bucket where subject like 'old%'), '=', 0,
    'rate_limit_take() deletes expired rows when new subjects arrive'
);

select ok(core.cooldown_start('wipe', '60 s'), 'cooldown_start() returns true for a new action');
select ok(not core.cooldown_start('wipe', '60 s'), 'cooldown_start() returns false during the cooldown');
select pg_temp.at('2030-01-02 00:01:00+00');
select ok(core.cooldown_start('wipe', '60 s'), 'cooldown_start() returns true after the cooldown');
select throws_ok($$select core.rate_limit_take('x', -1, '1 min')$$, '22023', null, 'rate_limit_take() refuses a negative limit');
select throws_ok($$select core.rate_limit_take('x', null, '1 min')$$, '22023', null, 'rate_limit_take() refuses null as the limit');
select throws_ok($$select core.rate_limit_take('x', 1, '0 s')$$, '22023', null, 'rate_limit_take() refuses a window of zero');
select throws_ok($$select core.rate_limit_take(repeat('x', 10000), 1, '1 s')$$, '22001', null, 'rate_limit_take() refuses a subject that is too long');
select throws_ok($$select core.cooldown_start('x', null)$$, '22023', null, 'cooldown_start() refuses null as the duration');
select pg_temp.as_tenant('');
select throws_ok($$select core.rate_limit_take('x', 1, '1 min')$$, '42501', null, 'rate_limit_take() fails without a tenant');
select throws_ok($$select core.cooldown_start('x', '1 min')$$, '42501', null, 'cooldown_start() fails without a tenant');

select * from finish();
rollback;

-- A job is in one place at a time, is retried patiently, and dies where a person finds it.
begin;
select plan(39);

create function pg_temp.at(p_time text) returns void language plpgsql as $$
begin
    execute format('create or replace function core.clock() returns timestamptz language sql volatile return %L::timestamptz', p_time);
end;
$$;
create function pg_temp.states() returns text language sql as $$
    select string_agg(c.state || ' ' || c.number, ', ' order by c.state)
    from (select state, count(*) as number from core.job_state group by state) as c
$$;
insert into core.tenant (tenant_id, slug, name, kind) values
('00000000-0000-0000-0000-00000000000a', 'a', 'A', 'shop'),
('00000000-0000-0000-0000-00000000000b', 'b', 'B', 'shop');
insert into core.queue (queue, batch, lease, attempts, backoff, description) values
('core.mail', 2, '30 s', 3, '10 s', 'Mail'), ('core.other', 1, '30 s', 1, '10 s', 'Something else');
select core.ensure_partitions('core.job_done', '2030-01-01', '2030-01-02');
select core.ensure_partitions('core.audit_log', '2030-01-01', '2030-01-02');
select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000a', true);
select pg_temp.at('2030-01-01 00:00:00+00');

-- enqueue
select set_config('app.request_id', 'req-1', true);
select ok(core.enqueue('core.mail', '{"to": 1}') < core.enqueue('core.mail', '{"to": 2}'), 'jobs are numbered in the order of enqueueing');
select set_config('app.request_id', '', true);
select is(core.enqueue('core.mail', '{"to": 3}', 'three'), core.enqueue('core.mail', '{"to": 4}', 'three'), 'a key is one job while it waits');
select isnt(core.enqueue('core.other', '{}', 'three'), core.enqueue('core.mail', '{}', 'three'), 'in its queue');
select is(core.enqueue('core.mail', '{"to": 5}', null, '2030-01-01 06:00:00+00') is not null, true, 'a job may be scheduled');
select throws_ok($$select core.enqueue('core.nothing', '{}')$$, '22023', null, 'a queue has to be there');
select throws_ok($$select core.enqueue('core.mail', null)$$, '23502', null, 'a job is something');
select throws_ok($$select core.enqueue('core.mail', '{}', repeat('x', 501))$$, '23514', null, 'a key is short');
select is(pg_temp.states(), 'ready 5', 'all of them are ready');

-- lease
create temp table leased as select * from core.lease('core.mail', 'me');
select results_eq(
    'select payload, attempt, request_id from leased order by job_id',
    $$values ('{"to": 1}'::jsonb, 1, 'req-1'), ('{"to": 2}', 1, 'req-1')$$,
    'as many as the queue says, those that wait longest, with the request that they are part of'
);
select is((select count(distinct lease_id)::integer from leased), 1, 'in one lease');
select is((select count(*)::integer from core.lease('core.mail', 'you', 10) as l), 1, 'another gets the rest, and nothing that is for later');
select is((select count(*)::integer from core.lease('core.mail', 'you', 10) as l), 0, 'and then nothing');
select is(pg_temp.states(), 'leased 3, ready 2', 'each is in one state');
select throws_ok($$select core.lease('core.nothing', 'me')$$, '22023', null, 'a queue has to be there');
select throws_ok($$select core.lease('core.mail', 'me', 0)$$, '22023', null, 'a lease is of some jobs');
select throws_ok($$select core.lease('core.mail', 'me', 1, '0 s')$$, '22023', null, 'and takes some time');

-- complete
select is(core.complete((select lease_id from leased limit 1), (select min(job_id) from leased)), 1, 'one of a lease is done');
select is(core.complete((select lease_id from leased limit 1), (select min(job_id) from leased)), 0, 'once');
select is(core.complete(gen_random_uuid()), 0, 'a lease that is none completes nothing');
select results_eq(
    'select request_id, attempts, leased_by from core.job_done', $$values ('req-1', 1, 'me')$$, 'with the request that it was part of'
);
select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000b', true);
select is(core.complete((select lease_id from leased limit 1)), 0, 'another tenant completes nothing of it');
select is((select count(*)::integer from core.lease('core.mail', 'me') as l), 0, 'and is leased nothing of it');
select is(core.reap(), 0, 'nor does it reap it');
select set_config('app.tenant_id', '00000000-0000-0000-0000-00000000000a', true);

-- fail
select is(core.fail((select lease_id from leased limit 1), 'no such address'), 0, 'a job that failed is tried again');
select is(core.fail((select lease_id from leased limit 1), 'no such address'), 0, 'its lease no longer has it');
select ok(
    (select j.run_at between '2030-01-01 00:00:07.5+00' and '2030-01-01 00:00:12.5+00' from core.job as j where j.last_error = 'no such address'),
    'after about the time that its queue says'
);
select pg_temp.at('2030-01-01 00:00:13+00');
select is(core.fail((select l.lease_id from core.lease('core.mail', 'me', 1) as l), 'again'), 0, 'a second time');
select ok(
    (select j.run_at between '2030-01-01 00:00:28+00' and '2030-01-01 00:00:38+00' from core.job as j where j.last_error = 'again'), 'it waits for twice as long'
);
select pg_temp.at('2030-01-01 00:00:29.9+00');
select is(core.reap(), 0, 'a lease that is not over is not reaped');
select pg_temp.at('2030-01-01 00:00:40+00');
select is(core.reap(), 1, 'one that is over is');
select is(core.fail((select l.lease_id from core.lease('core.mail', 'me', 1) as l where l.attempt = 3), 'the end'), 1, 'a third time it is dead');
select is(pg_temp.states(), 'dead 1, done 1, ready 3', 'where a person finds it');
select is((select core.revive(d.job_id) from core.job_dead as d), true, 'who may revive it');
select is(core.revive(0), false, 'and nothing else');
select is((select j.attempts from core.job as j where j.last_error = 'the end'), 0, 'with all of its attempts');

-- a lease that is split
create temp table batch as select * from core.lease('core.mail', 'me', 10);
create temp table single as select * from core.split_lease((select lease_id from batch limit 1));
select is((select count(distinct s.lease_id) from single as s), (select count(*) from batch), 'each job of a lease can have its own');
select is(core.complete((select lease_id from batch limit 1)), 0, 'the first one has none of them any more');
select is(core.complete((select s.lease_id from single as s limit 1)), 1, 'and each of them has one');

select set_config('app.tenant_id', '', true);
select throws_ok($$select core.enqueue('core.mail', '{}')$$, '42501', null, 'no tenant, no job');

select * from finish();
rollback;

-- A job is in one state at a time, is retried with a growing delay, and is kept as dead when no attempt is left.
begin;
\ir ../prelude.sql
select plan(46);

create function pg_temp.states() returns text language sql as $$
    select string_agg(c.state || ' ' || c.number, ', ' order by c.state)
    from (select state, count(*) as number from core.job_state group by state) as c
$$;
insert into core.queue (queue, batch, lease, attempts, backoff, description) values
('core.mail', 2, '30 s', 3, '10 s', 'Mail'), ('core.other', 1, '30 s', 1, '10 s', 'Something else');
select core.ensure_partitions('core.job_done', '2030-01-01', '2030-01-02');
select core.ensure_partitions('core.audit_log', '2030-01-01', '2030-01-02');
select pg_temp.at('2030-01-01 00:00:00+00');

-- enqueue
select set_config('app.request_id', 'req-1', true);
select ok(core.enqueue('core.mail', '{"to": 1}') < core.enqueue('core.mail', '{"to": 2}'), 'enqueue() numbers jobs in the order of the calls');
select set_config('app.request_id', '', true);
select is(
    core.enqueue('core.mail', '{"to": 3}', 'three'), core.enqueue('core.mail', '{"to": 4}', 'three'),
    'enqueue() returns the waiting job when the key is the same'
);
select isnt(core.enqueue('core.other', '{}', 'three'), core.enqueue('core.mail', '{}', 'three'), 'enqueue() accepts the key of another queue');
select is(core.enqueue('core.mail', '{"to": 5}', null, '2030-01-01 06:00:00+00') is not null, true, 'enqueue() accepts a job for a later time');
select throws_ok($$select core.enqueue('core.nothing', '{}')$$, '22023', null, 'enqueue() refuses an unknown queue');
select throws_ok($$select core.enqueue('core.mail', null)$$, '23502', null, 'enqueue() refuses null as payload');
select throws_ok($$select core.enqueue('core.mail', '{}', repeat('x', 501))$$, '23514', null, 'enqueue() refuses a key of more than 500 characters');
select is(pg_temp.states(), 'ready 5', 'job_state lists the waiting jobs as ready');

-- lease
create temp table leased as select * from core.lease('core.mail', 'me');
select results_eq(
    'select payload, attempt, request_id from leased order by job_id',
    $$values ('{"to": 1}'::jsonb, 1, 'req-1'), ('{"to": 2}', 1, 'req-1')$$,
    'lease() returns a batch of the oldest jobs with their request ids'
);
select is((select count(distinct lease_id)::integer from leased), 1, 'lease() returns all jobs of a batch under one lease');
select is((select count(*)::integer from core.lease('core.mail', 'you', 10) as l), 1, 'lease() returns a second worker only the due jobs that are left');
select is((select count(*)::integer from core.lease('core.mail', 'you', 10) as l), 0, 'lease() returns no row when no due job is left');
select is(pg_temp.states(), 'leased 3, ready 2', 'job_state lists each job once');
select throws_ok($$select core.lease('core.nothing', 'me')$$, '22023', null, 'lease() refuses an unknown queue');
select throws_ok($$select core.lease('core.mail', 'me', 0)$$, '22023', null, 'lease() refuses a batch of zero jobs');
select throws_ok($$select core.lease('core.mail', 'me', 1, '0 s')$$, '22023', null, 'lease() refuses a duration of zero');

-- complete
select is(core.complete((select lease_id from leased limit 1), (select min(job_id) from leased)), 1, 'complete() returns 1 for one job of a lease');
select is(core.complete((select lease_id from leased limit 1), (select min(job_id) from leased)), 0, 'complete() returns 0 for a job that is already complete');
select is(core.complete(gen_random_uuid()), 0, 'complete() returns 0 for an unknown lease');
select results_eq(
    'select request_id, attempts, leased_by from core.job_done', $$values ('req-1', 1, 'me')$$, 'job_done contains the request id, the attempts and the worker'
);
select pg_temp.as_tenant('b');
select is(core.complete((select lease_id from leased limit 1)), 0, 'complete() returns 0 for a lease of another tenant');
select is((select count(*)::integer from core.lease('core.mail', 'me') as l), 0, 'lease() returns no job of another tenant');
select is(core.reap(), 0, 'reap() releases no job of another tenant');
select pg_temp.as_tenant('a');

-- fail
select is(core.fail((select lease_id from leased limit 1), 'no such address'), 0, 'fail() returns 0 when the job will be retried');
select is(core.fail((select lease_id from leased limit 1), 'no such address'), 0, 'fail() returns 0 for a lease that no longer contains the job');
select ok(
    (select j.run_at between '2030-01-01 00:00:07.5+00' and '2030-01-01 00:00:12.5+00' from core.job as j where j.last_error = 'no such address'),
    'a failed job is due again after the backoff of its queue, varied by a quarter'
);
select pg_temp.at('2030-01-01 00:00:13+00');
select is(core.fail((select l.lease_id from core.lease('core.mail', 'me', 1) as l), 'again'), 0, 'fail() returns 0 when the second attempt of three fails');
select ok(
    (select j.run_at between '2030-01-01 00:00:28+00' and '2030-01-01 00:00:38+00' from core.job as j where j.last_error = 'again'), 'a job that failed twice waits twice as long'
);
select pg_temp.at('2030-01-01 00:00:29.9+00');
select is(core.reap(), 0, 'reap() returns 0 before a lease expires');
select pg_temp.at('2030-01-01 00:00:40+00');
select is(core.reap(), 1, 'reap() returns 1 when a lease has expired');
select is(
    core.fail((select l.lease_id from core.lease('core.mail', 'me', 1) as l where l.attempt = 3), 'the end'), 1,
    'fail() returns 1 when the last attempt fails'
);
select is(pg_temp.states(), 'dead 1, done 1, ready 3', 'job_state lists a job without attempts left as dead');
select is((select core.revive(d.job_id) from core.job_dead as d), true, 'revive() returns true for a dead job');
select is(core.revive(0), false, 'revive() returns false for an unknown job');
select is((select j.attempts from core.job as j where j.last_error = 'the end'), 0, 'a revived job has all of its attempts');

-- cancel_job
create temp table waiting as select core.enqueue('core.other', '{}') as job_id;
select is(core.cancel_job(w.job_id), true, 'cancel_job() returns true for a job that waits') from waiting as w;
select is(core.cancel_job(w.job_id), false, 'cancel_job() returns false for a job that is gone') from waiting as w;
create temp table dead as select core.enqueue('core.other', '{}') as job_id;
select core.fail((select l.lease_id from core.lease('core.other', 'me', 10) as l limit 1), 'broken');
select is(core.cancel_job(d.job_id), true, 'cancel_job() returns true for a dead job') from dead as d;
create temp table running as select core.enqueue('core.other', '{}') as job_id;
create temp table other as select * from core.lease('core.other', 'me', 1);
select is(core.cancel_job(r.job_id), false, 'cancel_job() returns false for a job that a worker runs') from running as r;
select is(core.complete(o.lease_id), 1, 'cancel_job() leaves the job of a worker as it is') from other as o;

-- split_lease
create temp table batch as select * from core.lease('core.mail', 'me', 10);
create temp table single as select * from core.split_lease((select lease_id from batch limit 1));
select is((select count(distinct s.lease_id) from single as s), (select count(*) from batch), 'split_lease() returns one lease per job');
select is(core.complete((select lease_id from batch limit 1)), 0, 'complete() returns 0 for a lease that was split');
select is(core.complete((select s.lease_id from single as s limit 1)), 1, 'complete() returns 1 for a lease that split_lease() returned');

-- is_deeper
reset role;
insert into core.queue (queue, description) values ('core.moved', 'Jobs that were enqueued on another node');
insert into core.job (tenant_id, job_id, queue, payload, run_at, enqueued_at, actor)
select core.current_tenant(), 2 ^ 48 + n, 'core.moved', '{}', core.clock(), core.clock(), 'me' from generate_series(1, 2) as n;
select ok(core.is_deeper('core.moved', 1), 'is_deeper() counts jobs with higher numbers than this node has given');
select ok(not core.is_deeper('core.moved', 2), 'is_deeper() is false at exactly that number of jobs');
set local role stanchion_app;

select pg_temp.as_tenant('');
select throws_ok($$select core.enqueue('core.mail', '{}')$$, '42501', null, 'enqueue() fails without a tenant');

select * from finish();
rollback;

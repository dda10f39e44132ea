-- A periodic job enqueues one job per due time, catches up with one run, and belongs to its tenant only.
begin;
\ir ../prelude.sql
select plan(32);

-- Runs the due jobs of core.periodic as a job worker does; returns the number of due periodic jobs.
create function pg_temp.work() returns integer language plpgsql as $$
declare
    v_lease uuid;
    v_due integer;
begin
    select l.lease_id into v_lease from core.lease('core.periodic', 'me') as l limit 1;
    if v_lease is null then
        return null;
    end if;
    v_due := core.enqueue_periodic(v_lease);
    perform core.complete(v_lease);
    return v_due;
end;
$$;
create function pg_temp.slots() returns text language sql as $$
    select string_agg(j.payload ->> 'slot', ', ' order by j.job_id) from core.job as j where j.queue = 'core.mail'
$$;
-- Completes the waiting mails.
create function pg_temp.mail() returns bigint language sql as $$
    select count(core.complete(l.lease_id, l.job_id)) from core.lease('core.mail', 'me', 100) as l
$$;

set local timezone = 'UTC';
insert into core.queue (queue, description) values ('core.mail', 'Mail');
select core.ensure_partitions(r.name, '2030-01-01', '2030-01-06') from (values ('core.audit_log'), ('core.job_done')) as r (name);
select pg_temp.at('2030-01-01 00:30:00+00');
select pg_temp.as_application();

select is(
    core.schedule_job('report', 'core.mail', '0 * * * *', '{"of": "day"}'), '2030-01-01 01:00:00+00'::timestamptz,
    'schedule_job returns the time of the first run'
);
select is((select p.next_at from core.periodic_job as p), '2030-01-01 01:00:00+00', 'an application reads its periodic jobs');
select throws_ok($$update core.periodic_job set next_at = now()$$, '42501', null, 'an application cannot write periodic jobs');
select throws_ok($$select core.schedule_job('x', 'core.periodic', '* * * * *')$$, '22023', null, 'the queue core.periodic has no periodic jobs');
select throws_ok($$select core.schedule_job('x', 'no.such', '* * * * *')$$, '22023', null, 'schedule_job refuses an unknown queue');
select throws_ok($$select core.schedule_job('x', 'core.mail', '* * * *')$$, '22023', null, 'schedule_job refuses an invalid expression');
select throws_ok($$select core.schedule_job('x', 'core.mail', '* * * * *', '[]')$$, '22023', null, 'schedule_job refuses a payload that is not an object');
select throws_ok($$select core.schedule_job('x', 'core.mail', '* * * * *', null)$$, '22023', null, 'schedule_job refuses a missing payload');
select throws_ok($$select core.schedule_job('x', 'core.mail', '* * * * *', '{}', 'EST+5')$$, '22023', null, 'schedule_job refuses a time zone without a name');
select throws_ok($$select core.schedule_job(' ', 'core.mail', '* * * * *')$$, '23514', null, 'schedule_job refuses an empty name');
select throws_ok($$select core.enqueue_periodic(gen_random_uuid())$$, '42501', null, 'an application cannot run the handler');
select ok(not core.cancel_job(1), 'cancel_job returns false for the next run of a periodic job');
select lives_ok($$select core.enqueue('core.periodic', '{"name": "report", "slot": "2030-01-01T01:00:00Z"}')$$, 'an application can forge an early run');
reset session authorization;

select throws_ok('select pg_temp.work()', '55000', null, 'a forged run before the time fails');
update core.job set lease_id = null, leased_until = null;
select pg_temp.at('2030-01-01 01:00:01+00');
select is(pg_temp.work(), 1, 'two jobs for one time start one run');
select is(pg_temp.slots(), '2030-01-01T01:00:00+00:00', 'the payload contains the time of the run');
select is(pg_temp.work(), null, 'no job is due before the next time');
select is(pg_temp.mail(), 1::bigint, 'the job is a job of its queue');

select pg_temp.at('2030-01-04 01:30:00+00');
select is(pg_temp.work(), 1, 'missed times start one run');
select is(pg_temp.slots(), '2030-01-01T02:00:00+00:00', 'the run that catches up has the first missed time');
select is((select p.next_at from core.periodic_job as p), '2030-01-04 02:00:00+00', 'after a run that catches up, the next time is after now');
select pg_temp.at('2030-01-04 02:00:00+00');
select is(pg_temp.work(), 1, 'the next time is due');
select is(
    (
        select count(*) from core.job as j
        where j.queue = 'core.mail'
    ),
    1::bigint, 'no second job is added while the earlier one waits'
);

select pg_temp.at('2030-01-04 01:15:00+00');
select is(pg_temp.work(), null, 'no time is repeated after the clock was set back');

select is(core.pause_periodic('report'), null, 'pause_periodic returns null when it pauses');
select pg_temp.at('2030-01-05 00:00:01+00');
select is(pg_temp.work(), null, 'a paused periodic job does not run');
select is(core.pause_periodic('report', false), '2030-01-05 01:00:00+00', 'a resumed periodic job runs at the next time');

select pg_temp.as_tenant('b');
select ok(not core.unschedule_job('report'), 'another tenant cannot remove the periodic job');
select throws_ok($$select core.pause_periodic('report')$$, 'P0002', null, 'another tenant cannot pause the periodic job');
select pg_temp.as_tenant('a');
select core.set_tenant_config('jobs', 'periodic_jobs', '1');
select throws_ok(
    $$select core.schedule_job('second', 'core.mail', '@daily')$$, '54000', null, 'schedule_job refuses more periodic jobs than the setting allows'
);
select ok(core.unschedule_job('report'), 'unschedule_job returns true for a periodic job of the tenant');
select is(
    (
        select string_agg(a.action, ', ' order by a.recorded_at, a.action) from core.audit_log as a
        where a.subject = 'report'
    ),
    'schedule.set, schedule.pause, schedule.remove, schedule.resume', 'each change of a periodic job is in the audit log'
);

select * from finish();
rollback;

-- An entry of the audit log can neither be changed nor deleted, and outlives its tenant.
begin;
\ir ../prelude.sql
select plan(12);

select set_config('app.request_id', 'req-1', true);
-- the id is in a setting, because Citus does not join a temporary table with a distributed one
select set_config('test.made', core.create_tenant('made', 'Made', 'league')::text, true);

select results_eq(
    $$select action, subject, actor collate "C", request_id from core.audit_log where tenant_id = current_setting('test.made')::uuid$$,
    $$values ('tenant.create', 'made', session_user::text, 'req-1')$$,
    'a row of the audit log contains the action, the subject, the actor and the request'
);
select results_eq(
    $$select count(*) from core.audit_log where recorded_on <> (recorded_at at time zone 'UTC')::date$$, array[0::bigint],
    'recorded_on is the UTC day of recorded_at'
);

set local role stanchion_owner;
select throws_ok('update core.audit_log set action = ''x''', '42501', null, 'the owner cannot update the audit log');
select throws_ok('delete from core.audit_log', '42501', null, 'the owner cannot delete from the audit log');
select throws_ok('truncate core.audit_log', '42501', null, 'the owner cannot truncate the audit log');
select throws_ok(
    (select format('truncate %s', inhrelid::regclass) from pg_inherits where inhparent = 'core.audit_log'::regclass limit 1),
    '42501', null, 'the owner cannot truncate a partition of the audit log'
);
reset role;

set local role stanchion_app;
select throws_ok($$select core.write_audit('x', 'y')$$, '42501', null, 'an application cannot call write_audit()');
select throws_ok('delete from core.audit_log', '42501', null, 'an application cannot delete from the audit log');
select pg_temp.as_tenant('');
select is_empty('select * from core.audit_log', 'an application without a tenant sees no row of the audit log');
reset role;

delete from core.tenant where tenant_id = current_setting('test.made')::uuid;
select isnt_empty($$select * from core.audit_log where tenant_id = current_setting('test.made')::uuid$$, 'the rows of a deleted tenant stay in the audit log');

select set_config('app.tenant_id', current_setting('test.made'), true);
select pg_temp.at('2031-01-01 00:00:00+00');
select throws_matching(
    $$select core.write_audit('x', 'y')$$, 'no partition of relation "audit_log(_[0-9]+)?" found for row',
    'write_audit() fails on a day without a partition'
);
create or replace function core.clock() returns timestamptz language sql volatile return clock_timestamp();
select lives_ok($$select core.write_audit('x', 'y')$$, 'write_audit() succeeds on a day with a partition');

select * from finish();
rollback;

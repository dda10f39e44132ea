-- What was done stays written, whoever would rather not, and whatever becomes of the tenant.
begin;
select plan(12);

select set_config('app.request_id', 'req-1', true);
select core.create_tenant('a', 'A', 'league');
create temporary table made as select tenant_id from core.tenant where slug = 'a';

select results_eq(
    $$select action, subject, actor collate "C", request_id from core.audit_log where tenant_id = (select tenant_id from made)$$,
    $$values ('tenant.create', 'a', session_user::text, 'req-1')$$,
    'who did what, and for which request'
);
select results_eq($$select count(*) from core.audit_log where recorded_on <> (recorded_at at time zone 'UTC')::date$$, array[0::bigint], 'by UTC day');

set local role stanchion_owner;
select throws_ok('update core.audit_log set action = ''x''', '42501', null, 'the owner cannot update');
select throws_ok('delete from core.audit_log', '42501', null, 'nor delete');
select throws_ok('truncate core.audit_log', '42501', null, 'nor truncate');
select throws_ok(
    (select format('truncate %s', inhrelid::regclass) from pg_inherits where inhparent = 'core.audit_log'::regclass limit 1),
    '42501', null, 'nor truncate a partition'
);
reset role;

set local role stanchion_app;
select throws_ok($$select core.write_audit('x', 'y')$$, '42501', null, 'an application cannot invent a row');
select throws_ok('delete from core.audit_log', '42501', null, 'nor delete one');
select set_config('app.tenant_id', '', true);
select is_empty('select * from core.audit_log', 'without a tenant it sees none');
reset role;

delete from core.tenant where tenant_id = (select tenant_id from made);
select isnt_empty('select * from core.audit_log where tenant_id = (select tenant_id from made)', 'the audit outlives its tenant');

select set_config('app.tenant_id', (select tenant_id::text from made), true);
create or replace function core.clock() returns timestamptz language sql volatile return '2031-01-01 00:00:00+00'::timestamptz;
select throws_ok($$select core.write_audit('x', 'y')$$, '23514', 'no partition of relation "audit_log" found for row', 'a day without a partition refuses, and does not lose');
create or replace function core.clock() returns timestamptz language sql volatile return clock_timestamp();
select lives_ok($$select core.write_audit('x', 'y')$$, 'today has one');

select * from finish();
rollback;

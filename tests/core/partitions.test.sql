-- Days are UTC days, made ahead and only once, in whatever time zone the session is.
begin;
select plan(13);

create or replace function core.clock() returns timestamptz language sql volatile return '2030-03-10 11:30:00+00'::timestamptz;

set local timezone = 'Pacific/Auckland';
select results_eq('select made from core.ensure_due_partitions() where relation = ''core.audit_log''', array[9], 'yesterday, today and a week');
select results_eq('select made from core.ensure_due_partitions() where relation = ''core.audit_log''', array[0], 'once');
set local timezone = 'Pacific/Honolulu';
select results_eq('select made from core.ensure_due_partitions() where relation = ''core.audit_log''', array[0], 'the same days in another time zone');
select isnt(to_regclass('parts.core__audit_log__20300310'), null, 'the day is the UTC day');
select is(
    (select pg_get_expr(relpartbound, oid) from pg_class where oid = 'parts.core__audit_log__20300310'::regclass),
    'FOR VALUES FROM (''2030-03-10'') TO (''2030-03-11'')',
    'and so are its bounds'
);
select is(core.ensure_partitions('core.audit_log', '2019-01-30', '2019-02-02'), 4, 'days of the past can be made too');
select throws_ok($$select core.ensure_partitions('core.audit_log', '2019-01-01', '2039-01-01')$$, '22023', null, 'twenty years by mistake are refused');
select throws_ok($$select core.ensure_partitions('core.tenant', '2019-01-01', '2019-01-01')$$, '42809', null, 'so is a table that is not partitioned');
select ok(
    (select relrowsecurity and relforcerowsecurity from pg_class where oid = 'parts.core__audit_log__20190201'::regclass),
    'a partition has row level security, forced'
);
select is_empty(
    $$select 1 from pg_class, aclexplode(relacl) where oid = 'parts.core__audit_log__20190201'::regclass$$,
    'and no grants, not even its owner''s'
);
set local timezone = 'Africa/Cairo';
select is(core.ensure_partitions('core.audit_log', '2028-04-26', '2028-04-30'), 5, 'where the clock is put forward at midnight no day is lost');
create table core.a_table_whose_name_leaves_no_room_for_the_day_of_a_partition (day date) partition by range (day);
select throws_ok($$select core.ensure_partitions('core.a_table_whose_name_leaves_no_room_for_the_day_of_a_partition', '2028-01-01', '2028-01-02')$$, '42622', null, 'nor cut off');
set local role stanchion_app;
select throws_ok('select * from parts.core__audit_log__20190201', '42501', null, 'nobody reads one directly');

select * from finish();
rollback;

-- Partitions are UTC days. They are created ahead and once, in any time zone of the session.
begin;
\ir ../prelude.sql
select plan(13);

select pg_temp.at('2030-03-10 11:30:00+00');

set local timezone = 'Pacific/Auckland';
select results_eq(
    'select made from core.ensure_due_partitions() where relation = ''core.audit_log''', array[9],
    'ensure_due_partitions() creates yesterday, today and the next seven days'
);
select results_eq(
    'select made from core.ensure_due_partitions() where relation = ''core.audit_log''', array[0],
    'ensure_due_partitions() creates nothing when called again'
);
set local timezone = 'Pacific/Honolulu';
select results_eq(
    'select made from core.ensure_due_partitions() where relation = ''core.audit_log''', array[0],
    'ensure_due_partitions() creates the same days in every time zone'
);
select isnt(to_regclass('parts.core__audit_log__20300310'), null, 'a partition is named after the UTC day');
select is(
    (select pg_get_expr(relpartbound, oid) from pg_class where oid = 'parts.core__audit_log__20300310'::regclass),
    'FOR VALUES FROM (''2030-03-10'') TO (''2030-03-11'')',
    'the bounds of a partition are the UTC day'
);
select is(core.ensure_partitions('core.audit_log', '2019-01-30', '2019-02-02'), 4, 'ensure_partitions() creates days of the past');
select throws_ok(
    $$select core.ensure_partitions('core.audit_log', '2019-01-01', '2039-01-01')$$, '22023', null,
    'ensure_partitions() refuses a range of twenty years'
);
select throws_ok(
    $$select core.ensure_partitions('core.tenant', '2019-01-01', '2019-01-01')$$, '42809', null,
    'ensure_partitions() refuses a table that is not partitioned'
);
select ok(
    (select relrowsecurity and relforcerowsecurity from pg_class where oid = 'parts.core__audit_log__20190201'::regclass),
    'a new partition has forced row-level security'
);
select is_empty(
    $$select 1 from pg_class, aclexplode(relacl) where oid = 'parts.core__audit_log__20190201'::regclass$$,
    'a new partition has no grants, not even for its owner'
);
set local timezone = 'Africa/Cairo';
select is(core.ensure_partitions('core.audit_log', '2028-04-26', '2028-04-30'), 5, 'ensure_partitions() creates every day where the clock changes at midnight');
create table core.a_table_whose_name_leaves_no_room_for_the_day_of_a_partition (day date) partition by range (day);
select throws_ok(
    $$select core.ensure_partitions('core.a_table_whose_name_leaves_no_room_for_the_day_of_a_partition', '2028-01-01', '2028-01-02')$$, '42622', null,
    'ensure_partitions() refuses a table whose partition names would be truncated'
);
set local role stanchion_app;
select throws_ok('select * from parts.core__audit_log__20190201', '42501', null, 'an application cannot read a partition directly');

select * from finish();
rollback;

-- Functions of the builder refuse missing and extreme arguments with a sentence.
begin;
\ir ../prelude.sql
select plan(20);

create table marts.windows_test (tenant_id uuid not null, played_on date not null) partition by range (played_on);
create table marts.plain_test (tenant_id uuid not null);

-- secure_relation
select throws_ok('select core.secure_relation(null)', '42P01', 'relation null does not exist', 'secure_relation() refuses null');
select throws_ok('select core.secure_relation(0::regclass)', '42P01', null, 'secure_relation() refuses an oid without a relation');
select throws_ok($$select core.secure_relation('core.job_notice')$$, '42809', null, 'secure_relation() refuses a sequence');

-- ensure_mart_partitions
select throws_ok('select core.ensure_mart_partitions(null, current_date, current_date)', '42P01', null, 'ensure_mart_partitions() refuses null as the mart');
select throws_ok(
    $$select core.ensure_mart_partitions('marts.plain_test', current_date, current_date)$$, '42P01', null,
    'ensure_mart_partitions() refuses a mart that is not partitioned'
);
select throws_ok(format('select core.ensure_mart_partitions(%L, %s)', 'marts.windows_test', d.days), '22023', null, 'ensure_mart_partitions() refuses ' || d.days)
from (values
    ($$'-infinity', current_date$$), ($$current_date, 'infinity'$$), ($$'-infinity', 'infinity'$$), ($$'0044-01-01 BC', current_date$$),
    ($$current_date, '294275-01-01'$$), ($$'1700-01-01', '2030-01-01'$$), ($$'-infinity', null$$)
) as d (days);
select is(core.ensure_mart_partitions('marts.windows_test', null, null), 2, 'ensure_mart_partitions() makes this and the next month without days');
select is(
    core.ensure_mart_partitions('marts.windows_test', '1999-12-15', '2000-01-15'), 2, 'ensure_mart_partitions() makes the months of the days'
);

-- open_window
select throws_ok('select core.open_window(' || w.arguments || ')', '22023', null, 'open_window() refuses ' || w.arguments)
from (values
    ($$null, 'loads', 1, '{}', false$$),
    ($$'marts.x', null, 1, '{}', false$$),
    ($$'marts.x', 'a.b', 1, '{}', false$$),
    ($$'marts.x', repeat('x', 100), 1, '{}', false$$),
    ($$'marts.x', 'loads', null, '{}', false$$),
    ($$'marts.x', 'loads', 1, '{}', null$$)
) as w (arguments);

select * from finish();
rollback;

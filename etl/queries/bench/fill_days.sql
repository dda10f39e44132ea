-- Three days that are due, with :rows rows together.
select core.ensure_partitions('core.bench_reading', core.utc_day(clock_timestamp()) - 4, core.utc_day(clock_timestamp()) + 1);
insert into core.bench_reading (tenant_id, taken_on)
select
    (select core.required_tenant()),
    core.utc_day(clock_timestamp()) - 4 + (n % 3)::integer
from generate_series(1, (select current_setting('bench.rows')::bigint)) as n

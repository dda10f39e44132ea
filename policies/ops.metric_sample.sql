-- Readable by operators. Applications write with ops.record_metric and read no row.
alter table ops.metric_sample enable row level security, force row level security;

create policy owner_all on ops.metric_sample
for all to stanchion_owner
using (true)
with check (true);

-- revert: select core.unsecure_relation('ops.metric_sample');

-- Who may see measurements: operators. Whoever measures puts them down by ops.record_metric and reads none of them.
alter table ops.metric_sample enable row level security, force row level security;

create policy owner_all on ops.metric_sample
for all to stanchion_owner
using (true)
with check (true);

-- revert: select core.unsecure_relation('ops.metric_sample');

-- Measurements: partitioned by UTC day, kept for a week after it.
insert into core.partition_set (relation, days_ahead, days_kept, guard)
values ('ops.metric_sample', 3, 7, null)
on conflict (relation) do update set
    days_ahead = excluded.days_ahead, days_kept = excluded.days_kept, guard = excluded.guard;

-- revert: delete from core.partition_set where relation = 'ops.metric_sample';

-- Usage: partitioned by the UTC day of use, created a week ahead, kept for 400 days and until it is in usage_daily.
insert into core.partition_set (relation, days_ahead, days_kept, guard)
values ('workspace.usage_event', 7, 400, 'workspace.guard_usage_event')
on conflict (relation) do update set
    days_ahead = excluded.days_ahead, days_kept = excluded.days_kept, guard = excluded.guard;

-- revert: delete from core.partition_set where relation = 'workspace.usage_event';

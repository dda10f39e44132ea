-- Events: partitioned by the UTC day of recording, kept for 90 days and until no stream or consumer needs them.
insert into core.partition_set (relation, days_ahead, days_kept, guard)
values ('core.event', 3, 90, 'core.guard_event')
on conflict (relation) do update set
    days_ahead = excluded.days_ahead, days_kept = excluded.days_kept, guard = excluded.guard;

-- revert: delete from core.partition_set where relation = 'core.event';

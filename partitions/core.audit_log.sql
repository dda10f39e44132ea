-- Audit log: partitioned by the UTC day of writing, created a week ahead, kept for 400 days.
insert into core.partition_set (relation, days_ahead, days_kept, guard) values ('core.audit_log', 7, 400, null)
on conflict (relation) do update set
    days_ahead = excluded.days_ahead, days_kept = excluded.days_kept, guard = excluded.guard;

-- revert: delete from core.partition_set where relation = 'core.audit_log';

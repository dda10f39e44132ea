-- Idempotency keys: partitioned by the UTC day of the claim, kept for two days after it, since a key counts for 24 hours.
insert into core.partition_set (relation, days_ahead, days_kept, guard)
values ('core.idempotency_key', 3, 2, 'core.guard_idempotency_key')
on conflict (relation) do update set
    days_ahead = excluded.days_ahead, days_kept = excluded.days_kept, guard = excluded.guard;

-- revert: delete from core.partition_set where relation = 'core.idempotency_key';

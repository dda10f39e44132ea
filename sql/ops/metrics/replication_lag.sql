-- Lag of replicas, and WAL retained by their slots; on a replica, its own lag.
create or replace view ops.replication_lag with (security_invoker = true) as
select
    'replica' as kind,
    coalesce(nullif(r.application_name, ''), r.client_addr::text) as name,
    coalesce(extract(epoch from r.replay_lag), 0) as lag_s,
    case
        when not pg_catalog.pg_is_in_recovery()
            then pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), r.replay_lsn)
    end as behind_bytes
from pg_catalog.pg_stat_replication as r
union all
select
    case when s.active then 'slot' else 'slot without a reader' end,
    s.slot_name,
    null,
    case
        when not pg_catalog.pg_is_in_recovery()
            then pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), s.restart_lsn)
    end
from pg_catalog.pg_replication_slots as s
union all
select
    'this server',
    'itself',
    case
        when pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn()) > 0
            then extract(epoch from clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp())
        else 0
    end,
    pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn())
where pg_catalog.pg_is_in_recovery();

comment on view ops.replication_lag is
'One row per replica and replication slot, and on a replica one for itself: seconds and bytes behind. No row without replication.';

-- revert: drop view ops.replication_lag;

-- name: position
-- Position in the write-ahead log up to which a server has written: all commits are before it, even those not yet on
-- disk. For a primary that is itself a replica: the position it has replayed.
select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_insert_lsn() end;

-- name: state
-- State of a replica: standby or not, system identifier, whether it has replayed a position, and the time of its last
-- replayed commit. The age of that commit is an upper limit of the lag: an idle primary has no newer commit.
select
    pg_is_in_recovery() as is_standby,
    (select c.system_identifier from pg_control_system() as c) as system,
    pg_last_wal_replay_lsn() >= %(position)s::pg_lsn as has_caught_up,
    date_trunc('second', pg_last_xact_replay_timestamp()) as as_of,
    extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::float as age;

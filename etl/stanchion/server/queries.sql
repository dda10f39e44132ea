-- name: position
-- Up to where a server has written: everything that is committed is before it, also what is not on its disk yet. Of a
-- replica of a replica, the one before it is asked.
select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_insert_lsn() end;

-- name: state
-- Whether a server follows another one, whose it is, whether it has got as far as a position, and when what it
-- has got last was committed. That moment says how old it is at most: on a quiet primary nothing may have come since.
select
    pg_is_in_recovery() as is_standby,
    (select c.system_identifier from pg_control_system() as c) as system,
    pg_last_wal_replay_lsn() >= %(position)s::pg_lsn as has_caught_up,
    date_trunc('second', pg_last_xact_replay_timestamp()) as as_of,
    extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::float as age;

-- Up to where a server has written: everything that is committed is before it, also what is not on its disk yet. Of a
-- replica of a replica, the one before it is asked.
select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_insert_lsn() end

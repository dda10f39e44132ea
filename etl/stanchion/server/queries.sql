-- name: create_extensions
-- Creates amcheck, which doctor --deep needs, and pg_stat_statements, each where the server has it. Only superusers and
-- pg_read_all_stats may read the statements, since their texts and counters are about every tenant.
do $$
begin
    if exists (select from pg_available_extensions as a where a.name = 'amcheck' and a.installed_version is null) then
        create extension amcheck schema public;
    end if;
    if current_setting('pg_stat_statements.max', true) is not null  -- the library is loaded
        and not exists (select from pg_extension as e where e.extname = 'pg_stat_statements')
    then
        create extension pg_stat_statements schema public;
        revoke all on public.pg_stat_statements, public.pg_stat_statements_info from public;
        revoke all on function public.pg_stat_statements(boolean), public.pg_stat_statements_info() from public;
        grant select on public.pg_stat_statements, public.pg_stat_statements_info to pg_read_all_stats;
        grant execute on function public.pg_stat_statements(boolean), public.pg_stat_statements_info() to pg_read_all_stats;
    end if;
end;
$$;

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

-- No member of our roles reaches a superuser or a predefined role of Postgres such as pg_read_all_data, which acts past
-- grants. A DBA may monitor the server and end sessions.
--
-- severity: critical
-- remedy: revoke ROLE from NAME;
select
    m.member_name::text as object,
    format('reaches %s, which %s', m.role_name, case when r.rolsuper then 'is a superuser' else 'is a predefined role' end) as problem
from core.own_membership as m
join pg_roles as r on r.oid = m.role
where
    not m.is_deployer
    and (r.rolsuper or (r.rolname like 'pg\_%' and r.oid < 16384))
    and m.role <> m.member
    and not (
        m.is_operator
        and r.rolname in (
            'pg_monitor', 'pg_read_all_settings', 'pg_read_all_stats', 'pg_stat_scan_tables', 'pg_signal_backend',
            'pg_signal_autovacuum_worker', 'pg_checkpoint', 'pg_maintain', 'pg_use_reserved_connections'
        )
    )

-- Sessions begin in UTC.
select
    format('Sessions begin in the time zone %s: dates that people cast by hand are not the days of partitions.', s.reset_val) as problem,
    format('Run: alter database %I set timezone = ''UTC'';', current_database()) as remedy
from pg_settings as s
where
    s.name = 'TimeZone'
    and s.reset_val not in ('UTC', 'Etc/UTC', 'GMT')
    and not exists (
        select 1
        from pg_db_role_setting as d
        join pg_database as b on b.oid = d.setdatabase
        where b.datname = current_database() and d.setrole = 0 and 'TimeZone=UTC' = any(d.setconfig)
    )

-- Every login that works with tenants' data has its time limits.
--
-- A role's settings are for its own login and not for its members, so each login needs them.
with login as (
    select distinct r.oid, r.rolname
    from pg_roles as r
    where
        r.rolcanlogin
        and not r.rolsuper
        and not r.rolcreaterole
        and (
            pg_has_role(r.oid, 'stanchion_app', 'member')
            or pg_has_role(r.oid, 'stanchion_loader', 'member')
            or pg_has_role(r.oid, 'stanchion_worker', 'member')
            or pg_has_role(r.oid, 'stanchion_analyst', 'member')
        )
)

select
    format('%s has no %s: one forgotten session can hold everybody up.', l.rolname, limits.name) as problem,
    format('Run: alter role %I set %s = %L;', l.rolname, limits.name, limits.advice) as remedy
from login as l
cross join (
    values ('statement_timeout', '60s'), ('lock_timeout', '5s'), ('idle_in_transaction_session_timeout', '60s')
) as limits (name, advice)
join pg_settings as s on s.name = limits.name
where
    s.reset_val = '0'
    and not exists (
        select 1
        from pg_db_role_setting as d
        where
            d.setrole in (0, l.oid)
            and exists (
                select 1
                from unnest(d.setconfig) as c (text)
                where c.text like limits.name || '=%' and c.text not in (limits.name || '=0', limits.name || '=')
            )
    )
order by l.rolname, limits.name

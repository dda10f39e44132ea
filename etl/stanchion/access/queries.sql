-- name: excess_right
-- Returns a right of this session's login that neither the builder nor an analyst has; null without one.
select
    case
        when r.rolsuper then 'is a superuser'
        when r.rolcreaterole then 'may create roles'
        when r.rolcreatedb then 'may create databases'
        when r.rolreplication then 'may replicate the server'
        when r.rolbypassrls then 'bypasses row-level security'
        else (
            select 'is a member of ' || min(g.rolname)
            from pg_roles as g
            where
                g.oid <> r.oid
                and g.rolname not in ('stanchion_builder', 'stanchion_analyst')
                and pg_has_role(r.oid, g.oid, 'member')
        )
    end as excess_right
from pg_roles as r
where r.rolname = session_user;

-- name: is_granted
-- Returns whether a login may read a tenant.
select
    exists(
        select 1
        from core.analyst_grant as g
        join pg_roles as r on r.rolname = g.role_name and r.oid = g.role_id
        where g.role_name = %(login)s and g.tenant_id = %(tenant)s
    ) as is_granted;

-- name: is_only_builder
-- Returns whether a login exists that Stanchion created and that has the rights of the builder and no others.
select
    exists(
        select 1
        from pg_roles as r
        where
            r.rolname = %(login)s
            and r.rolcanlogin
            and not (r.rolsuper or r.rolcreatedb or r.rolcreaterole or r.rolreplication or r.rolbypassrls)
            and shobj_description(r.oid, 'pg_authid') = %(mark)s
            and array[to_regrole('stanchion_builder')::oid] = array(
                select m.roleid from pg_auth_members as m
                where m.member = r.oid
            )
    ) as is_only_builder;

-- name: key_lock
-- Returns the lock that the transactions with an active API key of the tenant hold.
select core.api_key_lock(k.key_hash) as key_lock
from core.api_key as k
where k.tenant_id = %(tenant)s and k.name = %(name)s and k.revoked_at is null;

-- name: other_roles
-- Roles other than the builder that a login is a direct member of.
select g.rolname
from pg_auth_members as m
join pg_roles as g on g.oid = m.roleid
where m.member = to_regrole(%(login)s) and g.rolname <> 'stanchion_builder';

-- name: place
-- Identifies the running server and the database of this session.
select pg_postmaster_start_time() as started_at, current_database() as database, pg_is_in_recovery() as is_replica;

-- name: sessions_of_login
-- Returns the processes of a login in this database.
select a.pid
from pg_stat_activity as a
where a.datname = current_database() and a.usename = %(login)s and a.pid <> pg_backend_pid();

-- name: sessions_with_lock
-- Returns the processes in this database that hold an advisory lock.
select l.pid
from pg_locks as l
where
    l.locktype = 'advisory'
    and l.granted
    and l.objsubid = 1
    and l.database = (
        select d.oid from pg_database as d
        where d.datname = current_database()
    )
    and (l.classid::bigint << 32) | l.objid::bigint = %(lock)s
    and l.pid <> pg_backend_pid();

-- name: settings
-- Settings of the session's tenant, with today's value, its start date and the future values.
select
    k.namespace || '.' || k.key as setting,
    coalesce(latest.value, k.default_value)::text as value,
    case when latest.value is null then 'default' else replace(latest.valid_from::text, '-infinity', 'the beginning') end as since,
    (
        select string_agg(c.value::text || ' from ' || c.valid_from::text, ', ' order by c.valid_from)
        from core.tenant_config as c
        where
            c.tenant_id = core.current_tenant()
            and c.namespace = k.namespace
            and c.key = k.key
            and c.valid_from > core.utc_day(core.clock())
    ) as later,
    k.description as meaning
from core.config_key as k
left join lateral (
    select c.value, c.valid_from
    from core.tenant_config as c
    where
        c.tenant_id = core.current_tenant()
        and c.namespace = k.namespace
        and c.key = k.key
        and c.valid_from <= core.utc_day(core.clock())
    order by c.valid_from desc
    limit 1
) as latest on true
order by k.namespace, k.key;

-- name: tenants
-- Tenants with their domains and analysts, for `stanchion tenant list`.
select
    t.slug,
    t.name,
    t.kind,
    t.status,
    t.tenant_id,
    (
        select string_agg(d.domain, ', ' order by d.domain) from core.tenant_domain as d
        where d.tenant_id = t.tenant_id
    ) as domains,
    (
        select string_agg(g.role_name, ', ' order by g.role_name) from core.analyst_grant as g
        where g.tenant_id = t.tenant_id
    ) as analysts
from core.tenant as t
order by t.slug;

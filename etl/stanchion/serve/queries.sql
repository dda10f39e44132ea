-- Queries of the server. The parameters are never part of the text.

-- name: set_context
select
    set_config('role', 'stanchion_app', true),
    set_config('statement_timeout', %(timeout)s, true),
    core.set_local('app.tenant_id', %(tenant)s),
    core.set_local('app.principal_id', %(principal)s),
    core.set_local('app.email', %(email)s),
    core.set_local('app.request_id', %(request)s),
    core.plan_for_marts();

-- name: set_context_of_key
select
    set_config('role', 'stanchion_app', true),
    set_config('statement_timeout', %(timeout)s, true),
    (select k.tenant_id from core.use_api_key(%(key)s) as k),
    core.set_local('app.request_id', %(request)s),
    core.plan_for_marts();

-- name: find_tenant
select t.slug, t.status
from core.tenant as t
where t.tenant_id = core.current_tenant();

-- name: find_key
select k.tenant_id, k.scopes from core.use_api_key(%(key)s) as k;

-- name: find_member
-- The sub of a token is a principal of ours, or else its verified address is that of one.
select p.principal_id, m.role
from core.principal as p
join core.membership as m on m.tenant_id = p.tenant_id and m.principal_id = p.principal_id
where
    p.tenant_id = core.current_tenant()
    and m.is_active
    and (p.principal_id = %(subject)s::uuid or p.email = lower(%(email)s))
order by p.principal_id = %(subject)s::uuid desc nulls last
limit 1;

-- name: find_published
select coalesce(
    (
        select c.value
        from core.tenant_config as c
        where
            c.tenant_id = core.current_tenant()
            and c.namespace = 'serve'
            and c.key = 'published'
            and c.valid_from <= core.utc_day(core.clock())
        order by c.valid_from desc
        limit 1
    ),
    '[]'
);

-- name: tenant_of_host
select core.tenant_for_domain(%(host)s);

-- name: is_application
select coalesce(pg_has_role(session_user, to_regrole('stanchion_app')::oid, 'member'), false);

-- name: rights_of_login
-- Rights of the login beyond becoming stanchion_app.
select coalesce(string_agg(r.reason, ', ' order by r.reason), '')
from (
    select 'it is a superuser' as reason
    from pg_catalog.pg_roles as l
    where l.rolname = session_user and l.rolsuper
    union all
    select 'it bypasses row-level security'
    from pg_catalog.pg_roles as l
    where l.rolname = session_user and l.rolbypassrls
    union all
    select 'it may create roles'
    from pg_catalog.pg_roles as l
    where l.rolname = session_user and l.rolcreaterole
    union all
    select format('it is a member of %I', g.rolname)
    from pg_catalog.pg_roles as g
    where
        g.rolname not in ('stanchion_app', session_user)
        and not exists (
            select
            from pg_catalog.pg_roles as l
            where l.rolname = session_user and l.rolsuper
        )
        and pg_has_role(session_user, g.oid, 'member')
) as r;

-- name: rate_limit_take
select t.allowed, t.remaining, t.resets_at
from core.rate_limit_take(%(subject)s, %(most)s, '1 minute') as t;

-- name: claim_key
select c.outcome, c.attempt, c.response_code, c.response_body
from core.claim_key(%(key)s, %(fingerprint)s) as c;

-- name: complete_key
select core.complete_key(%(key)s, %(attempt)s, %(status)s, %(body)s);

-- name: written
select pg_catalog.pg_current_wal_insert_lsn()::text;

-- name: replayed
select
    pg_catalog.pg_is_in_recovery(),
    pg_catalog.pg_last_wal_replay_lsn()::text,
    extract(epoch from clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp())::float8;

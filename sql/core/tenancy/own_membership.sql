-- Members of our roles and the roles that each one reaches, for the tenancy rules in policies/rules.
--
-- A member can act as every role that it reaches, through any number of roles and also without inheritance (SET ROLE).
-- So these rows and not has_*_privilege decide the rights of a member. A membership of which a creator of roles has only
-- the admin option is left out: Postgres 16 and newer give it to the creator of each role.
create or replace view core.own_membership with (security_invoker = true) as
with recursive reach (member, role) as (
    select
        r.oid as member,
        r.oid as role
    from pg_catalog.pg_roles as r
    union
    select
        reach.member,
        m.roleid
    from reach
    join pg_catalog.pg_auth_members as m on m.member = reach.role
    join pg_catalog.pg_roles as r on r.oid = m.member
    -- Postgres 15 does not have the two options
    cross join lateral (select pg_catalog.to_jsonb(m) as options) as o
    where
        not r.rolcreaterole
        or coalesce((o.options ->> 'inherit_option')::boolean, true)
        or coalesce((o.options ->> 'set_option')::boolean, true)
),

ours (role, is_operator) as (
    select
        r.oid,
        r.rolname in ('stanchion_owner', 'stanchion_dba')
    from pg_catalog.pg_roles as r
    where
        r.rolname in (
            'stanchion_owner', 'stanchion_dba', 'stanchion_app', 'stanchion_loader', 'stanchion_worker', 'stanchion_builder',
            'stanchion_analyst'
        )
),

member as (
    select
        reach.member,
        bool_and(o.is_operator) as is_operator
    from reach
    join ours as o on o.role = reach.role
    group by reach.member
)

select
    m.member,
    p.rolname as member_name,
    m.is_operator,
    -- the deployer creates the roles and owns the database; the ledger contains its name
    m.member = 10 or exists (
        select 1
        from core.module_ledger as l
        where l.deployed_by = p.rolname
    ) as is_deployer,
    reach.role,
    r.rolname as role_name,
    reach.role in (select o.role from ours as o) as is_ours
from member as m
join reach on reach.member = m.member
join pg_catalog.pg_roles as p on p.oid = m.member
join pg_catalog.pg_roles as r on r.oid = reach.role;

comment on view core.own_membership is
'One row per member of our roles and role that the member reaches, including itself.';

-- revert: drop view core.own_membership;

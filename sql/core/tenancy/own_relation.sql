-- Tables, views, sequences and partitions of Stanchion, for the tenancy rules in policies/rules and `stanchion audit`.
--
-- A reference table is the same for all tenants, or is read before the tenant is known; each one has its reason here.
create or replace view core.own_relation with (security_invoker = true) as
select
    c.oid as relation,
    format('%s.%s', n.nspname, c.relname) as name,
    n.nspname as schema_name,
    case
        when c.relispartition or n.nspname = 'expired_parts' then 'partition'
        when c.relkind in ('r', 'p') then 'table'
        when c.relkind = 'v' then 'view'
        when c.relkind = 'm' then 'materialized view'
        when c.relkind = 'f' then 'foreign table'
        else 'sequence'
    end as kind,
    exists(
        select 1
        from pg_catalog.pg_attribute as a
        where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
    ) as has_tenant,
    reference.reason is not null as is_reference,
    c.relowner as owner,
    -- includes column grants: a grant on one column is a grant
    coalesce(
        c.relacl,
        case c.relkind when 'S' then pg_catalog.acldefault('s', c.relowner) else pg_catalog.acldefault('r', c.relowner) end
    ) || coalesce(columns.acl, '{}'::pg_catalog.aclitem[]) as acl,
    c.relrowsecurity as rls_enabled,
    c.relforcerowsecurity as rls_forced
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
cross join
    lateral (
        select pg_catalog.array_agg(item.acl) as acl
        from pg_catalog.pg_attribute as a
        cross join lateral pg_catalog.unnest(a.attacl) as item (acl)
        where a.attrelid = c.oid
    ) as columns
left join (
    values
    ('core.tenant', 'lists the tenants'),
    ('core.tenant_domain', 'finds the tenant of a host name, which no two tenants share'),
    ('core.analyst_grant', 'finds the tenants of a login')
) as reference (name, reason) on reference.name = format('%s.%s', n.nspname, c.relname)
where
    c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    and pg_catalog.pg_get_userbyid(n.nspowner) in ('stanchion_owner', 'stanchion_builder');

comment on view core.own_relation is 'One row per table, view, sequence and partition in our schemas and in marts.';

-- revert: drop view core.own_relation;

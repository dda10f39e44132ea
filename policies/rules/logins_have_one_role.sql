-- A login is a member of one of our roles, directly or through others. A login with two roles could join the rows of
-- both, and a login that bypasses policies would not be restricted by any. The deployer, who can create roles, and
-- superusers are exempt.
with login as (
    select
        r.rolname,
        r.rolbypassrls,
        array(
            select ours.rolname::text
            from pg_roles as ours
            where
                ours.rolname in (
                    'stanchion_app', 'stanchion_loader', 'stanchion_worker', 'stanchion_builder', 'stanchion_analyst', 'stanchion_owner'
                )
                and pg_has_role(r.oid, ours.oid, 'member')
            order by ours.rolname
        ) as roles,
        pg_has_role(r.oid, 'stanchion_dba', 'member') as is_dba
    from pg_roles as r
    where r.rolcanlogin and not r.rolsuper and not r.rolcreaterole
)

select
    l.rolname::text as object,
    format('is a member of %s', array_to_string(l.roles, ' and as ')) as problem
from login as l
where cardinality(l.roles) > 1
union all
select l.rolname::text, 'is an operator without being a DBA'
from login as l
where l.roles = array['stanchion_owner'] and not l.is_dba
union all
select l.rolname::text, 'bypasses every policy'
from login as l
where l.rolbypassrls and cardinality(l.roles) > 0

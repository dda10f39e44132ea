-- Privileges on our schemas, relations and functions belong to our roles. A login gets them as a member of one role,
-- which `stanchion login` and the other rules can see.
--
-- severity: warning
-- remedy: revoke the privilege from NAME, and make it a member of one of our roles.
with granted (object, owner, acl) as (
    select r.name, r.owner, r.acl
    from core.own_relation as r
    union all
    select f.name, f.owner, f.acl
    from core.own_function as f
    union all
    select n.nspname, n.nspowner, n.nspacl
    from pg_namespace as n
    where pg_get_userbyid(n.nspowner) in ('stanchion_owner', 'stanchion_builder')
)

select
    g.object,
    format('%s was granted %s and is not one of our roles', pg_get_userbyid(a.grantee), lower(string_agg(distinct a.privilege_type, ', '))) as problem
from granted as g
cross join lateral aclexplode(g.acl) as a
where
    a.grantee <> g.owner
    and a.grantee <> 0  -- the rule nothing_is_public
    and pg_get_userbyid(a.grantee) not in (
        'stanchion_owner', 'stanchion_dba', 'stanchion_app', 'stanchion_loader', 'stanchion_worker', 'stanchion_builder', 'stanchion_analyst'
    )
group by g.object, a.grantee

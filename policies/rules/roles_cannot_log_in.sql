-- None of our roles can log in or has an attribute of an administrator, and none is a member of another role, except
-- the DBA of the owner. On a cluster they may log in, without a password, since the nodes connect to each other as these
-- roles; pg_hba.conf admits them from the nodes only.
--
-- severity: critical
-- remedy: alter role NAME nologin nosuperuser noreplication nobypassrls nocreaterole nocreatedb; or revoke the membership.
select
    r.rolname::text as object,
    concat_ws(
        ', ',
        case when r.rolcanlogin and not cluster.is_here then 'can log in' end,
        case when r.rolsuper then 'is a superuser' end,
        case when r.rolbypassrls then 'bypasses every policy' end,
        case when r.rolreplication then 'can replicate' end,
        case when r.rolcreaterole then 'can create roles' end,
        case when r.rolcreatedb then 'can create databases' end
    ) as problem
from pg_roles as r
cross join (select exists(select 1 from core.cluster) as is_here) as cluster
where
    r.rolname in (
        'stanchion_owner', 'stanchion_app', 'stanchion_loader', 'stanchion_worker', 'stanchion_builder', 'stanchion_analyst',
        'stanchion_dba'
    )
    and ((r.rolcanlogin and not cluster.is_here) or r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolreplication or r.rolcreatedb)
union all
select pg_get_userbyid(m.member)::text, format('is a member of %s', pg_get_userbyid(m.roleid))
from pg_auth_members as m
where
    pg_get_userbyid(m.member) in (
        'stanchion_owner', 'stanchion_app', 'stanchion_loader', 'stanchion_worker', 'stanchion_builder', 'stanchion_analyst'
    )
    or (pg_get_userbyid(m.member) = 'stanchion_dba' and pg_get_userbyid(m.roleid) <> 'stanchion_owner')

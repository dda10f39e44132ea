-- Our roles, their members and PUBLIC have no privilege on the server: no parameter, tablespace, foreign server or large
-- object, and none to create schemas. The database does not belong to a member and is not a template, which every role
-- that creates databases may copy. Operators are exempt, who administer the server.
--
-- severity: critical
-- remedy: revoke the privilege, drop the user mapping or large object, or alter database NAME owner to ... is_template false;
with grantee as (
    select
        0::oid as oid,
        'public' as name
    union
    select m.role, m.role_name
    from core.own_membership as m
    join pg_roles as r on r.oid = m.role
    where not m.is_operator and not m.is_deployer and not r.rolsuper
),

granted (object, owner, acl, privileges) as (
    select format('parameter %s', p.parname), null::oid, p.paracl, null::text[]
    from pg_parameter_acl as p
    union all
    select format('database %s', d.datname), null, d.datacl, array['CREATE']
    from pg_database as d
    where d.datname = current_database()
    union all
    select format('tablespace %s', t.spcname), null, t.spcacl, null
    from pg_tablespace as t
    union all
    select format('foreign data wrapper %s', f.fdwname), f.fdwowner, f.fdwacl, null
    from pg_foreign_data_wrapper as f
    union all
    select format('foreign server %s', s.srvname), s.srvowner, s.srvacl, null
    from pg_foreign_server as s
    union all
    select format('large object %s', l.oid), l.lomowner, l.lomacl, null
    from pg_largeobject_metadata as l
)

select
    o.object,
    format('%s was granted %s', g.name, lower(a.privilege_type)) as problem
from granted as o
cross join lateral aclexplode(o.acl) as a
join grantee as g on g.oid = a.grantee
where (o.privileges is null or a.privilege_type = any(o.privileges)) and a.grantee is distinct from o.owner
union all
select o.object, format('belongs to %s', g.name)
from granted as o
join grantee as g on g.oid = o.owner
union all
select format('database %s', d.datname), format('belongs to %s', m.member_name)
from pg_database as d
join core.own_membership as m on m.role = d.datdba
where d.datname = current_database() and not m.is_deployer and not m.is_operator
union all
select format('database %s', d.datname), 'is a template, which every role that creates databases may copy'
from pg_database as d
where d.datname = current_database() and d.datistemplate
union all
select format('foreign server %s', u.srvname), format('has a user mapping for %s', g.name)
from pg_user_mappings as u
join grantee as g on g.oid = u.umuser

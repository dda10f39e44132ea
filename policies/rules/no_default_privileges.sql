-- There are no default privileges for future objects, and no setting of a database or login sets the tenant: neither
-- is visible where it takes effect.
--
-- severity: critical
-- remedy: alter default privileges for role NAME revoke ...; or: alter role | database NAME reset SETTING;
select
    pg_get_userbyid(d.defaclrole)::text as object,
    format(
        'grants %s on its future objects to %s',
        lower(a.privilege_type),
        coalesce(pg_get_userbyid(nullif(a.grantee, 0)), 'public')
    ) as problem
from pg_default_acl as d
cross join lateral aclexplode(d.defaclacl) as a
where a.grantee <> d.defaclrole
union all
select
    coalesce(b.datname, pg_get_userbyid(d.setrole))::text,
    format('sets %s for every session', s.text)
from pg_db_role_setting as d
left join pg_database as b on b.oid = d.setdatabase
cross join lateral unnest(d.setconfig) as s (text)
where
    d.setdatabase in (0, (
        select c.oid from pg_database as c
        where c.datname = current_database()
    ))
    and s.text ~ '^(app\.|request\.jwt|row_security=|role=|session_authorization=)'

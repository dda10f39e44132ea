-- Logins of analysts whose grants are to a login of the same name elsewhere; is_there says whether one of that
-- name is here, and nothing but an analyst.
select
    g.role_name as login,
    array_agg(t.slug order by t.slug) as tenants,
    coalesce(
        bool_or(
            r.rolcanlogin and not (r.rolsuper or r.rolbypassrls or r.rolcreaterole)
            and array(
                select m.roleid
                from pg_auth_members as m
                where m.member = r.oid
            ) = array['stanchion_analyst'::regrole::oid]
        ),
        false
    ) as is_there
from core.analyst_grant as g
join core.tenant as t on t.tenant_id = g.tenant_id
left join pg_roles as r on r.rolname = g.role_name
where r.oid is distinct from g.role_id
group by g.role_name
order by g.role_name

-- Who may do what with which rows of which table or view: (object, role, what).
with allowed as (
    select
        r.name,
        pg_get_userbyid(a.grantee) as role,
        lower(a.privilege_type) as verb,
        case
            when r.kind = 'view' then 'as the tables below it say'
            when p.text like '%readable\_tenants%' then 'granted tenants'
            when p.text like '%is\_operator%' then 'the tenant; all for operators'
            when p.text like '%current\_tenant%' then 'own tenant'
            when p.text = 'true' then case when r.has_tenant then 'every tenant' else 'all' end
            else p.text
        end as rows
    from core.own_relation as r
    cross join lateral aclexplode(r.acl) as a
    left join lateral (
        select coalesce(policy.qual, policy.with_check) as text
        from pg_policies as policy
        where
            format('%s.%s', policy.schemaname, policy.tablename) = r.name
            and policy.cmd in ('ALL', a.privilege_type)
            and pg_get_userbyid(a.grantee) = any(policy.roles)
    ) as p on true
    where
        r.kind in ('table', 'view')
        and a.privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
        and (r.kind = 'table' or a.grantee <> r.owner)
)

select
    a.name as object,
    a.role,
    string_agg(a.verbs || ': ' || a.rows, '; ' order by a.verbs) as what
from (
    select
        allowed.name,
        allowed.role,
        allowed.rows,
        string_agg(distinct allowed.verb, ', ' order by allowed.verb) as verbs
    from allowed
    where allowed.rows is not null
    group by allowed.name, allowed.role, allowed.rows
) as a
group by a.name, a.role
order by a.name, a.role

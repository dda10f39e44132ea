-- Who may call which function, and for whom it works: (object, role, what).
select
    f.name as object,
    pg_get_userbyid(a.grantee) as role,
    case when f.is_definer then 'works for the owner' else 'works for the caller' end as what
from core.own_function as f
cross join lateral aclexplode(f.acl) as a
where a.grantee <> f.owner
order by f.name, a.grantee

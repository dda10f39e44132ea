-- Every grant to an analyst is to a login that exists.
select
    format('%s was granted %s tenants and does not exist any more, or is another login of that name, which reads nothing by it.', g.role_name, count(*))
        as problem,
    format(
        'After a restore, run: stanchion restored. Else: stanchion analyst add %s ... again, or delete from core.analyst_grant where role_name = %L;',
        g.role_name,
        g.role_name
    ) as remedy
from core.analyst_grant as g
where
    not exists (
        select 1 from pg_roles as r
        where r.oid = g.role_id and r.rolname = g.role_name
    )
group by g.role_name

-- Every grant to an analyst is to a login that exists.
select
    format('%s may read %s tenants and does not exist: whoever makes a login of that name would.', g.role_name, count(*)) as problem,
    format('Run: delete from core.analyst_grant where role_name = %L;', g.role_name) as remedy
from core.analyst_grant as g
where to_regrole(quote_ident(g.role_name)) is null
group by g.role_name

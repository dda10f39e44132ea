-- A recursive query reads tables of one tenant, which a variable names. Citus refuses recursion over the tables of
-- several tenants. A function that calls another one on a cluster, whose name ends in _of_node, is excepted.
--
-- cluster: F10
-- severity: high
-- remedy: group by tenant_id, or name the tenant: tenant_id = v_tenant.
select
    s.name as object,
    format('has a recursive query over tenants of %s', array_to_string(s.tables, ' and ')) as problem
from core.own_statement as s
where
    s.tables <> '{}'
    and s.code ~* '\mwith\s+recursive\M'
    and s.code !~* '\mtenant_id = [vp]_\w*tenant\w*'
    and s.function not in (
        select f.function from core.own_function as f
        where f.body ~ '\mcore\.\w+_of_node\('
    )

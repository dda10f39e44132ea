-- A function resolves names as its author meant: its search path is pinned, or its body was parsed at creation. It
-- takes the tenant from the session and never from its caller, and it runs as the owner only when the owner created
-- it.
--
-- A function with parameters is plpgsql, which a cluster can send to the node of its tenant. Only a single expression
-- that neither writes nor runs as another role may be SQL, since the planner inlines it into an index or a condition.
--
-- severity: critical
-- remedy: correct the function in its module, then run: stanchion deploy --accept-drift
select f.name as object, 'does not pin search_path to pg_catalog, pg_temp' as problem
from core.own_function as f
where not f.has_parsed_body and not 'search_path=pg_catalog, pg_temp' = any(f.settings)
union all
select f.name, format('takes the tenant from its caller, who is %s', pg_get_userbyid(a.grantee))
from core.own_function as f
cross join lateral unnest(f.argument_names) as argument (name)
cross join lateral aclexplode(f.acl) as a
where
    argument.name like 'p\_tenant%'
    and a.grantee not in (0, f.owner)
    -- the builder reads all tenants; a function that runs as the caller adds no rights
    and (f.is_definer or a.grantee <> 'stanchion_builder'::regrole)
union all
select f.name, format('is security definer of %s', pg_get_userbyid(f.owner))
from core.own_function as f
where f.is_definer and f.owner <> 'stanchion_owner'::regrole
union all
select f.name, 'is leakproof, so the planner may run it before the policy'
from core.own_function as f
where f.is_leakproof
union all
select f.name, format('has parameters and is in %s, and is not an expression that the planner can inline', f.language)
from core.own_function as f
where
    f.arguments > 0
    and f.language <> 'plpgsql'
    and (
        pg_get_function_sqlbody(f.function) not like 'RETURN %'
        or f.volatility = 'v'
        or f.is_definer
        or f.settings <> '{}'
    ) is not false

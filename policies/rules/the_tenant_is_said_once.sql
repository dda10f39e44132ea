-- The tenant of a transaction is said where it begins and nowhere in between: a function that sets it
-- works for whomever its caller names. And what works for the owner in an analyst's session cannot go
-- by the session's tenant, which analysts may set as they like.
select
    f.name as object,
    'sets the tenant of its caller''s transaction' as problem
from core.own_function as f
where
    f.body ~ 'set_config\s*\(\s*''(app\.|request\.jwt)|set\s+(local\s+)?app\.'
    and f.name !~ '^core\.(set_context|use_api_key|create_tenant)\('
union all
select f.name, 'works for the owner and analysts may execute it'
from core.own_function as f
cross join lateral aclexplode(f.acl) as a
where f.is_definer and a.grantee = 'stanchion_analyst'::regrole and f.name <> 'core.readable_tenants()'

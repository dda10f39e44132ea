-- The tenant is set at the start of a transaction and not within it: a function that sets it acts for any tenant that
-- its caller names. A function that runs as the owner in the session of an analyst must not use the tenant of the
-- session, which analysts may set to any value.
--
-- severity: critical
-- remedy: correct the function in its module, then run: stanchion deploy --accept-drift
select
    f.name as object,
    'sets the tenant of its caller''s transaction' as problem
from core.own_function as f
where
    (
        f.body ~ 'set_config\s*\(\s*''(app\.|request\.jwt)|set\s+(local\s+)?app\.'
        -- also when the name of the setting is not written out
        or f.body ~ 'core\.set_local\s*\(\s*(''(app\.|request\.)|(?!format\(''stanchion\.)[^''\s])'
    )
    and f.name !~ '^core\.(set_context|use_api_key|create_tenant)\('
union all
select f.name, 'runs as the owner and analysts may execute it'
from core.own_function as f
cross join lateral aclexplode(f.acl) as a
where
    f.is_definer
    and a.grantee = 'stanchion_analyst'::regrole
    and f.name not in ('core.readable_tenants()', 'core.is_readable(p_id uuid)')  -- they check the login only

-- Functions of Stanchion, for the tenancy rules in policies/rules and for `stanchion audit`.
create or replace view core.own_function with (security_invoker = true) as
select
    p.oid as function,
    format('%s.%s(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) as name,
    l.lanname as language,
    p.provolatile as volatility,
    p.prosecdef as is_definer,
    p.proleakproof as is_leakproof,
    p.pronargs as arguments,
    coalesce(p.proargnames, '{}') as argument_names,
    p.prosqlbody is not null as has_parsed_body,
    p.prosrc as body,
    coalesce(p.proconfig, '{}') as settings,
    p.proowner as owner,
    coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner)) as acl
from pg_catalog.pg_proc as p
join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
join pg_catalog.pg_language as l on l.oid = p.prolang
where pg_catalog.pg_get_userbyid(n.nspowner) in ('stanchion_owner', 'stanchion_builder');

comment on view core.own_function is 'One row per function in our schemas and in marts.';

-- revert: drop view core.own_function;

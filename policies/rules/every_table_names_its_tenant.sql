-- A statement of one tenant compares tenant_id of every table with the variable, and not with the tenant_id of another
-- table. Below row-level security, Citus does not see that tables which are joined by tenant_id are of one tenant.
--
-- A statement without a tenant is for all of them, and may join by tenant_id.
--
-- cluster: F17
-- severity: high
-- remedy: replace "a.tenant_id = b.tenant_id" by "a.tenant_id = v_tenant".
select
    s.name as object,
    format('compares %s', pair.match[1]) as problem
from core.own_statement as s
cross join lateral regexp_matches(s.code, '\m((?![vp]_)\w+\.tenant_id = (?![vp]_)\w+\.tenant_id)', 'g') as pair (match)
where s.tables <> '{}' and s.code ~ '\mtenant_id = [vp]_\w*tenant\w*'

-- No policy of a table that a cluster distributes or copies contains a sub-select, since Citus refuses such a policy. A
-- function, which Citus does not look into, may contain one.
--
-- cluster: D1
-- severity: high
-- remedy: call the function without "select", or move the sub-select into a function; then run: stanchion deploy
select
    t.name as object,
    format('the policy %s has a sub-select', p.polname) as problem
from core.placement as t
join pg_policy as p on p.polrelid = t.relation
where
    t.class in ('distributed', 'reference')
    and concat(p.polqual::text, p.polwithcheck::text) like '%{SUBLINK %'

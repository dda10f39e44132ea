-- No policy of a table that a cluster distributes or copies is restrictive: Citus creates it on the nodes as a permissive
-- policy, which admits the rows that it should remove.
--
-- cluster: D14
-- severity: critical
-- remedy: add the condition to the permissive policy of the same role in policies/; then run: stanchion deploy
select
    t.name as object,
    format('the policy %s is restrictive', p.polname) as problem
from core.placement as t
join pg_policy as p on p.polrelid = t.relation
where t.class in ('distributed', 'reference') and not p.polpermissive

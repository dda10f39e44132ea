-- No table that a cluster distributes or copies has an identity column: Citus refuses to undo the distribution of such a
-- table and to change the number of its shards. A default of nextval() numbers the rows as well.
--
-- cluster: D9
-- severity: high
-- remedy: make the column "bigint not null default nextval('SEQUENCE')".
select
    t.name as object,
    format('the column %s is an identity column', a.attname) as problem
from core.placement as t
join pg_attribute as a on a.attrelid = t.relation and a.attidentity <> '' and not a.attisdropped
where t.class in ('distributed', 'reference')

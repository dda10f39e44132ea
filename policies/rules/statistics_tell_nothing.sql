-- No column of tenants that analysts may read has statistics. Statistics cover the rows of all tenants, and EXPLAIN
-- prints estimates that follow from them, so an analyst could search for the values of other tenants. Only a login that
-- policies do not restrict sees in pg_stats which statistics exist; any login sees which of them ANALYZE would collect.
--
-- severity: high
-- remedy: run the statement in the finding; or drop the mart and run stanchion build.
with readable as (
    select
        r.relation,
        r.name,
        a.attnum,
        a.attname,
        a.attstattarget
    from core.own_relation as r
    join pg_attribute as a on a.attrelid = r.relation and a.attnum > 0 and not a.attisdropped
    where
        r.has_tenant
        and r.kind in ('table', 'partition', 'materialized view')
        and has_column_privilege('stanchion_analyst', coalesce(pg_partition_root(r.relation), r.relation), a.attname, 'select')
)

select
    c.name as object,
    format(
        'ANALYZE collects statistics of %s, which analysts may read; run: select core.hide_statistics(%L)',
        string_agg(c.attname, ', ' order by c.attnum), c.name
    ) as problem
from readable as c
where c.attstattarget is distinct from 0
group by c.name
union all
select
    c.name,
    format(
        'has statistics of %s, which analysts may read; a superuser must run: delete from pg_statistic where starelid = %L::regclass',
        string_agg(distinct c.attname, ', '), c.name
    )
from readable as c
join pg_stats as s on format('%s.%s', s.schemaname, s.tablename) = c.name and s.attname = c.attname
where c.attstattarget = 0
group by c.name
union all
select distinct c.name, format('has extended statistics; run: drop statistics %s.%I', e.stxnamespace::regnamespace, e.stxname)
from readable as c
join pg_statistic_ext as e on e.stxrelid = c.relation
union all
select distinct c.name, format('has the index %s on an expression, of which ANALYZE collects statistics', i.indexrelid::regclass)
from readable as c
join pg_index as i on i.indrelid = c.relation and i.indexprs is not null

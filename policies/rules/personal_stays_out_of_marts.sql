-- No personal column reaches a mart: a column whose comment begins with "Personal:" is read by no relation that dbt
-- built, and the builder has no grant on it.
--
-- severity: critical
-- remedy: revoke select of the column from stanchion_builder, and take it out of the model.
with personal as (
    select
        r.relation,
        a.attnum,
        format('%s.%s', r.name, a.attname) as name
    from core.own_relation as r
    join pg_attribute as a on a.attrelid = r.relation and a.attnum > 0 and not a.attisdropped
    where r.kind = 'table' and col_description(r.relation, a.attnum) like 'Personal:%'
)

select
    p.name as object,
    'is personal, and stanchion_builder may read it' as problem
from personal as p
where has_column_privilege('stanchion_builder', p.relation, p.attnum, 'select')
union all
select
    p.name,
    format('is personal, and %s reads it', v.name)
from personal as p
join pg_depend as d
    on
        d.refclassid = 'pg_class'::regclass
        and d.refobjid = p.relation
        and d.refobjsubid = p.attnum
        and d.classid = 'pg_rewrite'::regclass
join pg_rewrite as w on w.oid = d.objid
join core.own_relation as v on v.relation = w.ev_class
where v.schema_name in ('staging', 'marts')

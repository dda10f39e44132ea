-- Relations that stay on the coordinator of a cluster, with the reason: local tables, materialized views, and the views
-- over them, also indirectly. A view over several has a row for each reason.
create or replace view core.local_relation with (security_invoker = true) as
with recursive found (relation, name, reason) as (
    select p.relation, p.name, format('uses %s, a local table', p.name)
    from core.placement as p
    where p.class = 'local'
    union
    select r.relation, r.name, 'is a materialized view' as reason
    from core.own_relation as r
    where r.kind = 'materialized view'
    union
    select v.relation, v.name, f.reason
    from found as f
    join pg_catalog.pg_depend as d
        on d.refclassid = 'pg_class'::regclass and d.refobjid = f.relation and d.classid = 'pg_rewrite'::regclass
    join pg_catalog.pg_rewrite as w on w.oid = d.objid
    join core.own_relation as v on v.relation = w.ev_class and v.relation <> f.relation
)

select
    f.relation,
    f.name,
    f.reason
from found as f;

comment on view core.local_relation is
'One row per relation that a Citus cluster has on the coordinator only, and reason; a view over several such relations has several rows.';

-- needs: core.own_relation, core.placement
-- revert: drop view core.local_relation;

-- Every sequence is known. The numbers of a sequence that a column takes by default are unique on a cluster and have no
-- order across its nodes. A sequence of its own exists once on each node, or only on the coordinator.
--
-- cluster: load ids
-- severity: high
-- remedy: decide where the numbers come from on a cluster, and list the sequence in the rule.
select
    r.name as object,
    'is a sequence without a place on a cluster' as problem
from core.own_relation as r
where
    r.kind = 'sequence'
    and r.schema_name not in ('marts', 'staging', 'mart_parts')
    and r.name not in (
        'landing.load_id',  -- of the coordinator: marts are built by windows of load ids
        'core.job_notice',  -- of each node, whose sessions it notifies
        'core.event_notice',
        'workspace.presence_notice',
        'core.key_day'  -- of each node: latest day of a claim
    )
    -- the default of a column
    and not exists (
        select 1
        from pg_depend as d
        where
            (d.classid = 'pg_attrdef'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = r.relation)
            or (d.classid = 'pg_class'::regclass and d.objid = r.relation and d.deptype = 'i')
    )

-- Existing partitions of every partitioned table: attached, half detached, or detached and not dropped yet.
--
-- The bounds give the days. A detached table has no bounds: in the schema parts its name contains its day, month or
-- year, elsewhere the comment that it got before contains its days. The planner's number of rows is missing until ANALYZE, and
-- the counters of the server are missing after a crash, so the estimate is the larger of both.
create or replace view core.partition with (security_invoker = true) as
select
    s.relation,
    format('%I.%I', n.nspname, c.relname) as child,
    case when i.inhrelid is null then lower(former.days) else lower(bound.days) end as day,
    case when i.inhrelid is null then upper(former.days) else upper(bound.days) end as until,
    case
        when i.inhrelid is null then 'detached'
        when i.inhdetachpending then 'detaching'
        when bound.days is null then 'default'
        when lower_inf(bound.days) or upper_inf(bound.days) then 'endless'
        else 'attached'
    end as state,
    pg_catalog.pg_relation_size(c.oid) > 0 as is_filled,
    pg_catalog.pg_total_relation_size(c.oid) as bytes,
    greatest(c.reltuples, pg_catalog.pg_stat_get_live_tuples(c.oid), 0)::bigint as estimated_rows
from core.partition_set as s
join pg_catalog.pg_class as c on c.relkind = 'r'
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
left join pg_catalog.pg_inherits as i on i.inhrelid = c.oid
left join pg_catalog.pg_description as d
    on d.objoid = c.oid and d.classoid = 'pg_catalog.pg_class'::regclass and d.objsubid = 0
cross join
    lateral (
        select core.bound_days(pg_catalog.pg_get_expr(c.relpartbound, c.oid)) as days
    ) as bound
cross join
    lateral (
        select core.former_days(s.relation, case when n.nspname = 'parts' then c.relname end, d.description) as days
    ) as former
where i.inhparent = to_regclass(s.relation) or (i.inhrelid is null and former.days is not null);

comment on view core.partition is
'One row per partition, and per detached partition that is not dropped yet: its days from day to until, which is not included.';

-- needs: core.bound_days, core.former_days
-- revert: drop view core.partition;

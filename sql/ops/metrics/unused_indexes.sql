-- Indexes without a scan since the statistics were reset. Every write still maintains them.
--
-- A unique index is useful without scans, so it is left out. An index of a partitioned table is unused when those of all
-- its partitions are. A replica has statistics of its own.
create or replace view ops.unused_indexes with (security_invoker = true) as
with each as (
    select
        coalesce(h.inhparent, x.indexrelid) as index_id,
        sum(pg_catalog.pg_stat_get_numscans(x.indexrelid)) as scans,
        sum(pg_catalog.pg_relation_size(x.indexrelid)) as bytes
    from core.own_relation as r
    join pg_catalog.pg_index as x on x.indrelid = r.relation
    left join pg_catalog.pg_inherits as h on h.inhrelid = x.indexrelid
    where r.kind in ('table', 'partition') and not x.indisunique and not x.indisprimary and not x.indisexclusion
    group by 1
)

select
    x.indrelid::regclass::text as relation,
    e.index_id::regclass::text as index,
    e.bytes,
    coalesce(d.stats_reset, pg_catalog.pg_postmaster_start_time()) as unused_since,
    format('drop index concurrently %s;', e.index_id::regclass) as remedy
from each as e
join pg_catalog.pg_index as x on x.indexrelid = e.index_id
cross join pg_catalog.pg_stat_database as d
where e.scans = 0 and d.datname = current_database()
order by e.bytes desc;

comment on view ops.unused_indexes is 'One row per index without a scan since unused_since, the biggest first.';

-- revert: drop view ops.unused_indexes;

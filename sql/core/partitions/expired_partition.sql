-- Expired partitions that are kept in the schema expired_parts. `stanchion partitions drop-detached` drops them.
create or replace view core.expired_partition with (security_invoker = true) as
select
    known.parts[1] as relation,
    format('%I.%I', n.nspname, c.relname) as child,
    known.parts[2]::date as day,
    known.parts[3]::date as until,
    known.parts[4]::timestamptz as detached_at,
    s.hold,
    pg_catalog.pg_total_relation_size(c.oid) as bytes,
    greatest(c.reltuples, pg_catalog.pg_stat_get_live_tuples(c.oid), 0)::bigint as estimated_rows
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace and n.nspname = 'expired_parts'
join pg_catalog.pg_description as d
    on d.objoid = c.oid and d.classoid = 'pg_catalog.pg_class'::regclass and d.objsubid = 0
cross join
    lateral (
        select regexp_match(d.description, '^(\S+) (\d{4}-\d\d-\d\d) to (\d{4}-\d\d-\d\d), detached (\d{4}-\d\d-\d\dT[\d:]{8}Z)$') as parts
    ) as known
left join core.partition_set as s on s.relation = known.parts[1]
where c.relkind = 'r' and known.parts is not null;

comment on view core.expired_partition is
'One row per expired partition that is kept: its days from day to until, which is not included, and the hold of its table.';

-- revert: drop view core.expired_partition;

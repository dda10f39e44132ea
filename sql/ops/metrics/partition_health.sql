-- State of each partitioned table: missing days ahead, irregular partitions, and size.
create or replace view ops.partition_health with (security_invoker = true) as
select
    s.relation,
    s.days_ahead,
    s.days_kept,
    s.hold,
    s.ran_at,
    missing.days as days_missing,
    p.partitions,
    p.oldest,
    p.newest,
    p.half_way,
    p.odd,
    p.estimated_rows,
    p.bytes
from core.partition_set as s
cross join
    lateral (
        select
            count(*) as partitions,
            min(c.day) as oldest,
            max(c.day) as newest,
            count(*) filter (where c.state in ('detaching', 'detached')) as half_way,
            count(*) filter (where c.state in ('default', 'endless')) as odd,
            coalesce(sum(c.estimated_rows), 0)::bigint as estimated_rows,
            coalesce(sum(c.bytes), 0)::bigint as bytes
        from core.partition as c
        where c.relation = s.relation
    ) as p
cross join lateral (
    select coalesce(array_agg(wanted.day order by wanted.day), '{}') as days
    from (
        select core.utc_day(core.clock()) + n as day
        from generate_series(0, s.days_ahead) as n
    ) as wanted
    where
        to_regclass(s.relation) is not null
        and not exists (
            select 1
            from core.partition as c
            where
                c.relation = s.relation
                and c.state in ('attached', 'endless')
                and coalesce(c.day, '-infinity') <= wanted.day
                and coalesce(c.until, 'infinity') > wanted.day
        )
) as missing;

comment on view ops.partition_health is
'One row per partitioned table; days_missing are days from today to days_ahead on which inserts would be refused.';

-- revert: drop view ops.partition_health;

-- Tables of tenants are logged on a cluster, because a shard moves to another node by logical replication, which never
-- ends with an unlogged table. On plain Postgres the listed tables are unlogged: a crash loses nothing that matters in
-- them, and they are written often. `stanchion cluster run` sets them logged.
--
-- cluster: D8
-- severity: high
-- remedy: alter table NAME set logged; or list the table in the rule with the reason.
select
    t.name as object,
    case
        when distributed.is_here then 'is unlogged, so its shards cannot move to another node'
        else 'is unlogged and not listed as a table that stanchion cluster run sets logged'
    end as problem
from core.placement as t
join pg_class as c on c.oid = t.relation
cross join
    (
        select exists(
            select 1 from core.cluster as k
            where k.state = 'distributed'
        ) as is_here
    ) as distributed
where
    t.class in ('distributed', 'reference')
    and c.relpersistence = 'u'
    and (
        distributed.is_here
        or t.name not in (
            'core.rate_bucket',  -- a crash restarts the windows
            'workspace.presence'  -- a crash loses the heartbeats of the last minute
        )
    )

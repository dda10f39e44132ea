-- name: consumers
-- Sets each consumer of a tenant to the end of the events that it has read. The query events must run first: afterwards
-- the last of them has position 0.
update core.consumer as c
set transaction_id = places.before::text::xid8, position = 0
from (
    select
        p.consumer,
        dense_rank() over (order by p.transaction_id, p.position) as before
    from core.consumer as p
    where p.tenant_id = %(tenant)s
) as places
where c.tenant_id = %(tenant)s and places.consumer = c.consumer;

-- name: events
-- Gives the events of a tenant transaction ids and positions before all those of a new home, and keeps the set of events
-- that each consumer has read. The transaction id becomes 1 and the number of consumer places before the event, since a
-- new consumer begins at 0. The position becomes the rank among the old ones, up to 0.
update core.event as e
set transaction_id = ranked.before::text::xid8, position = ranked.rank
from (
    select
        x.stream_type,
        x.stream_id,
        x.version,
        x.recorded_on,
        1 + (
            select count(*)
            from (
                select distinct
                    c.transaction_id,
                    c.position
                from core.consumer as c
                where c.tenant_id = %(tenant)s
            ) as place
            where (place.transaction_id, place.position) < (x.transaction_id, x.position)
        ) as before,
        row_number() over (order by x.position) - count(*) over () as rank
    from core.event as x
    where x.tenant_id = %(tenant)s
) as ranked
where
    e.tenant_id = %(tenant)s
    and e.stream_type = ranked.stream_type
    and e.stream_id = ranked.stream_id
    and e.version = ranked.version
    and e.recorded_on = ranked.recorded_on;

-- name: highest
-- The highest transaction id and position of a tenant.
select
    greatest(
        coalesce((
            select max(s.transaction_id) from core.event_stream as s
            where s.tenant_id = %(tenant)s
        ), '0'),
        coalesce((
            select max(c.transaction_id) from core.consumer as c
            where c.tenant_id = %(tenant)s
        ), '0')
    )::text::bigint as transaction_id,
    coalesce((
        select max(e.position) from core.event as e
        where e.tenant_id = %(tenant)s
    ), 0) as position;

-- name: next
-- The ids that a node gives next: those of its transactions, and those of events.
select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as transaction_id, s.last_value as position
from core.event_position as s;

-- name: planned
-- Moves of shards until the nodes have equal shares.
select p.shardid, p.sourcename, p.sourceport, p.targetname, p.targetport
from get_rebalance_table_shards_plan('core.event_stream', rebalance_strategy => %(strategy)s) as p
where p.table_name = 'core.event_stream'::regclass;

-- name: progress
-- Bytes that the running moves have copied, and the bytes that they copy.
select sum(p.target_shard_size)::bigint as copied, sum(p.source_shard_size)::bigint as total, min(p.status) as status
from get_rebalance_progress() as p;

-- name: running_elsewhere
-- Background jobs of the extension that move shards, with the error of their last task.
select
    j.job_id,
    j.state::text,
    (
        select t.message from pg_dist_background_task as t
        where t.job_id = j.job_id and t.message is not null
        order by t.task_id desc
        limit 1
    ) as message
from pg_dist_background_job as j
where j.state in ('scheduled', 'running', 'failing', 'cancelling');

-- name: shard
-- The shard of a tenant and its node.
select p.shardid, n.nodename, n.nodeport
from pg_dist_placement as p
join pg_dist_node as n on n.groupid = p.groupid and n.noderole = 'primary'
where p.shardid = get_shard_id_for_distribution_column('core.event_stream', %(tenant)s::uuid);

-- name: streams
-- Sets the transaction id of each stream of a tenant to that of its last event, or to 0 when its events have expired.
update core.event_stream as s
set transaction_id = coalesce(last.transaction_id, '0')
from core.event_stream as o
left join (
    select
        e.stream_type,
        e.stream_id,
        max(e.transaction_id) as transaction_id
    from core.event as e
    where e.tenant_id = %(tenant)s
    group by e.stream_type, e.stream_id
) as last on last.stream_type = o.stream_type and last.stream_id = o.stream_id
where
    s.tenant_id = %(tenant)s
    and o.tenant_id = %(tenant)s
    and o.stream_type = s.stream_type
    and o.stream_id = s.stream_id;

-- name: subscriptions
-- Subscriptions of moves on this node that apply changes as the owner of the table, each with its role.
select s.subname, r.rolname
from pg_subscription as s
join pg_roles as r on r.oid = s.subowner
where s.subname like 'citus\_shard\_%' and r.rolname like 'citus\_shard\_%' and not (s.subrunasowner and r.rolbypassrls);

-- name: targets
-- The nodes that may have shards.
select n.nodename, n.nodeport
from pg_dist_node as n
where n.noderole = 'primary' and n.isactive and n.shouldhaveshards
order by n.nodeid;

-- name: tenants
-- The tenants of a shard.
select t.tenant_id, t.slug
from core.tenant as t
where get_shard_id_for_distribution_column('core.event_stream', t.tenant_id) = %(shard)s
order by t.slug;

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
select
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint as transaction_id,
    s.last_value + s.is_called::integer as position
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

-- name: shards
-- Every shard and its node.
select p.shardid, n.nodename, n.nodeport
from pg_dist_shard as s
join pg_dist_placement as p on p.shardid = s.shardid
join pg_dist_node as n on n.groupid = p.groupid and n.noderole = 'primary'
where s.logicalrelid = 'core.event_stream'::regclass
order by p.shardid;

-- name: subscriptions
-- Subscriptions of moves on this node that apply changes as the owner of the table, each with its role.
select s.subname, r.rolname
from pg_subscription as s
join pg_roles as r on r.oid = s.subowner
where s.subname like 'citus\_shard\_%' and r.rolname like 'citus\_shard\_%' and not (s.subrunasowner and r.rolbypassrls);

-- name: failures
-- How often the subscription of a move on this node failed that failed most.
select coalesce(max(t.apply_error_count + t.sync_error_count), 0)
from pg_stat_subscription_stats as t
where t.subname like 'citus\_shard\_%';

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

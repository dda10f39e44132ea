-- Returns what core.due_queues returns, for the tenants of this node of a cluster.
--
-- It reads each shard of this node by its own name. A statement on the table would read the shards of all nodes, so the
-- cost of a job worker would grow with the square of the number of nodes. Policies and grants of a shard are those of the
-- table. It is not security definer: the policy of job workers shows them all tenants.
create or replace function core.due_queues_of_node(p_queue text)
returns table (tenant_id uuid, queue text, is_over boolean)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    v_now timestamptz := core.clock();
    v_shard text;
begin
    for v_shard in
        select shard_name(s.logicalrelid, s.shardid)
        from pg_dist_shard as s
        join pg_dist_placement as p on p.shardid = s.shardid
        join pg_dist_local_group as g on g.groupid = p.groupid
        where s.logicalrelid = 'core.job'::regclass
    loop
        return query execute format(
            $statement$
            with recursive each as (
                (select j.tenant_id, j.queue from %1$s as j where j.lease_id is null order by j.tenant_id, j.queue limit 1)
                union all
                select next.tenant_id, next.queue
                from each
                cross join lateral (
                    select j.tenant_id, j.queue
                    from %1$s as j
                    where j.lease_id is null and (j.tenant_id, j.queue) > (each.tenant_id, each.queue)
                    order by j.tenant_id, j.queue
                    limit 1
                ) as next
            )

            select each.tenant_id, each.queue, false
            from each
            where
                ($1 is null or each.queue = $1)
                and exists (
                    select 1
                    from %1$s as j
                    where j.tenant_id = each.tenant_id and j.queue = each.queue and j.lease_id is null and j.run_at <= $2
                )
            union all
            select distinct j.tenant_id, j.queue, true
            from %1$s as j
            where j.lease_id is not null and j.leased_until <= $2 and ($1 is null or j.queue = $1)
            $statement$,
            v_shard
        ) using p_queue, v_now;
    end loop;
end;
$$;

comment on function core.due_queues_of_node(text) is
'Returns one row per tenant of this node and queue with a due job, and one row with is_over per tenant and queue with an expired lease.';

grant execute on function core.due_queues_of_node(text) to stanchion_worker;

-- revert: drop function core.due_queues_of_node(text);

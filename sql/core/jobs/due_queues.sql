-- Returns the tenants and queues with due jobs or expired leases, for job workers.
--
-- It steps from one tenant and queue to the next by the index, so that its cost follows the number of queues and not of
-- jobs. It is not security definer: the policy of job workers shows them all tenants. On a cluster it returns the tenants
-- of the node, which another function finds: Citus refuses this query, and would send it to every shard. When all sessions
-- enter at the coordinator, that node is the coordinator.
create or replace function core.due_queues(p_queue text default null)
returns table (tenant_id uuid, queue text, is_over boolean)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_now timestamptz := core.clock();
    v_entry text;
begin
    if current_setting('citus.version', true) is not null then
        select c.entry into v_entry from core.cluster as c;
        if v_entry = 'node' then
            return query select d.tenant_id, d.queue, d.is_over from core.due_queues_of_node(p_queue) as d;
            return;
        elsif v_entry = 'coordinator' then
            return query select d.tenant_id, d.queue, d.is_over from core.due_queues_of_cluster(p_queue) as d;
            return;
        end if;
    end if;
    return query
    with recursive each as (
        (
            select j.tenant_id, j.queue
            from core.job as j
            where j.lease_id is null
            order by j.tenant_id, j.queue
            limit 1
        )
        union all
        select next.tenant_id, next.queue
        from each
        cross join lateral (
            select j.tenant_id, j.queue
            from core.job as j
            where j.lease_id is null and (j.tenant_id, j.queue) > (each.tenant_id, each.queue)
            order by j.tenant_id, j.queue
            limit 1
        ) as next
    )

    select each.tenant_id, each.queue, false
    from each
    where
        (p_queue is null or each.queue = p_queue)
        and exists (
            select 1
            from core.job as j
            where j.tenant_id = each.tenant_id and j.queue = each.queue and j.lease_id is null and j.run_at <= v_now
        )
    union all
    select distinct j.tenant_id, j.queue, true
    from core.job as j
    where j.lease_id is not null and j.leased_until <= v_now and (p_queue is null or j.queue = p_queue);
end;
$$;

comment on function core.due_queues(text) is
'Returns one row per tenant and queue with a due job, and one row with is_over per tenant and queue with an expired lease. A job worker sees every tenant.';

grant execute on function core.due_queues(text) to stanchion_worker;

-- Returns the same for all tenants of a cluster, for core.due_queues on a small cluster that is entered at the coordinator.
-- It reads all shards and every due job.
create or replace function core.due_queues_of_cluster(p_queue text)
returns table (tenant_id uuid, queue text, is_over boolean)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = auto
as $$
declare
    v_now timestamptz := core.clock();
begin
    if current_setting('citus.version', true) is null then
        return;
    end if;
    return query
    select j.tenant_id, j.queue, false
    from core.job as j
    where j.lease_id is null and j.run_at <= v_now and (p_queue is null or j.queue = p_queue)
    group by j.tenant_id, j.queue;
    return query
    select j.tenant_id, j.queue, true
    from core.job as j
    where j.lease_id is not null and j.leased_until <= v_now and (p_queue is null or j.queue = p_queue)
    group by j.tenant_id, j.queue;
end;
$$;

comment on function core.due_queues_of_cluster(text) is
'Returns one row per tenant and queue with a due job, and one row with is_over per tenant and queue with an expired lease, from every node; no row on plain Postgres.';

grant execute on function core.due_queues_of_cluster(text) to stanchion_worker;

-- revert: drop function core.due_queues_of_cluster(text);
-- revert: drop function core.due_queues(text);

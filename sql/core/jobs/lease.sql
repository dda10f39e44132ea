-- Leases the next jobs of a queue to a job worker, the longest due first, and skips jobs that other sessions lock.
--
-- All jobs share one lease, by which handlers, core.complete and core.fail find them. An expired lease whose jobs were
-- given to another worker finds none. Security definer: leases are written only by the functions of this folder.
create or replace function core.lease(
    p_queue text, p_worker text, p_limit integer default null, p_lease interval default null
)
returns table (lease_id uuid, job_id bigint, payload jsonb, attempt integer, request_id text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_sort = off
set enable_bitmapscan = off
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_now timestamptz := core.clock();
    v_lease uuid := gen_random_uuid();
    v_queue core.queue;
begin
    select q.* into v_queue from core.queue as q where q.queue = p_queue;
    if not found then
        raise exception 'queue % does not exist', p_queue using errcode = '22023';
    elsif p_limit not between 1 and 1000 or p_lease <= '0' then
        raise exception 'a lease must be of 1 to 1000 jobs, not %, and its time positive, not %', p_limit, p_lease using errcode = '22023';
    end if;
    return query
    update core.job as j
    set
        lease_id = v_lease,
        leased_until = v_now + coalesce(p_lease, v_queue.lease),
        leased_by = p_worker,
        attempts = j.attempts + 1
    where j.ctid = any (array(
        select r.ctid
        from core.job as r
        where r.tenant_id = v_tenant and r.queue = p_queue and r.lease_id is null and r.run_at <= v_now
        order by r.run_at, r.job_id
        limit coalesce(p_limit, v_queue.batch)
        for update skip locked
    ))
    returning j.lease_id, j.job_id, j.payload, j.attempts, j.request_id;
end;
$$;

comment on function core.lease(text, text, integer, interval) is
'Returns the leased jobs, unordered; no row when none is due. Limit and time default to those of the queue. Errors: 22023 when the queue does not exist or the limit or time is invalid; 42501 when no tenant is set.';

grant execute on function core.lease(text, text, integer, interval) to stanchion_app, stanchion_worker;

-- revert: drop function core.lease(text, text, integer, interval);

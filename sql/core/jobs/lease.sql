-- Leases the next jobs of a queue to a job worker, the longest due first, and skips jobs that other sessions lock.
--
-- All jobs share one lease, by which handlers, core.complete and core.fail find them. An expired lease whose jobs were
-- given to another worker finds none. Security definer: leases are written only by the functions of this folder.
--
-- An application leases jobs of queues without a handler. It gets no lease of the others, since with one it could complete
-- their jobs without the work of the handler.
create or replace function core.lease(
    p_queue text, p_worker text, p_limit integer default null, p_lease interval default null
)
returns table (lease_id uuid, job_id bigint, payload jsonb, attempt integer, request_id text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_handler text;
begin
    select q.handler into v_handler from core.queue as q where q.queue = p_queue;
    if v_handler is not null and not (pg_has_role(session_user, 'stanchion_worker', 'member') or core.is_operator()) then
        raise exception 'queue % has the handler %, so only job workers lease its jobs', p_queue, v_handler using errcode = '42501';
    end if;
    return query
    select l.lease_id, l.job_id, l.payload, l.attempt, l.request_id
    from core.lease_jobs(p_queue, p_worker, p_limit, p_lease) as l;
end;
$$;

comment on function core.lease(text, text, integer, interval) is
'Returns the leased jobs, unordered; no row when none is due. Limit and time default to those of the queue. Errors: 22023 when the queue does not exist or the limit or time is invalid; 42501 when no tenant is set, or when the queue has a handler and the login is not a job worker.';

grant execute on function core.lease(text, text, integer, interval) to stanchion_app, stanchion_worker;

-- Leases jobs of any queue, for core.lease and for functions that decide the jobs in the same transaction.
create or replace function core.lease_jobs(
    p_queue text, p_worker text, p_limit integer, p_lease interval
)
returns table (lease_id uuid, job_id bigint, payload jsonb, attempt integer, request_id text)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_sort = off
set enable_bitmapscan = off
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_now timestamptz := core.clock();
    v_lease uuid := gen_random_uuid();
    v_queue core.queue;
    v_limit integer;
    v_until timestamptz;
    v_job bigint;
    v_jobs bigint[] := '{}'::bigint[];
begin
    select q.* into v_queue from core.queue as q where q.queue = p_queue;
    if not found then
        raise exception 'queue % does not exist', p_queue using errcode = '22023';
    elsif p_limit not between 1 and 1000 or p_lease <= '0' then
        raise exception 'a lease must be of 1 to 1000 jobs, not %, and its time positive, not %', p_limit, p_lease using errcode = '22023';
    end if;
    v_limit := coalesce(p_limit, v_queue.batch);
    v_until := v_now + coalesce(p_lease, v_queue.lease);
    for v_job in
        select r.job_id
        from core.job as r
        where r.tenant_id = v_tenant and r.queue = p_queue and r.lease_id is null and r.run_at <= v_now
        order by r.run_at, r.job_id
        limit v_limit
        for update skip locked
    loop
        v_jobs := v_jobs || v_job;
    end loop;
    return query
    update core.job as j
    set lease_id = v_lease, leased_until = v_until, leased_by = p_worker, attempts = j.attempts + 1
    where j.tenant_id = v_tenant and j.job_id = any (v_jobs)
    returning j.lease_id, j.job_id, j.payload, j.attempts, j.request_id;
end;
$$;

comment on function core.lease_jobs(text, text, integer, interval) is
'Returns the leased jobs, as core.lease does. Errors: 22023 when the queue does not exist or the limit or time is invalid; 42501 when no tenant is set.';

-- revert: drop function core.lease_jobs(text, text, integer, interval);
-- revert: drop function core.lease(text, text, integer, interval);

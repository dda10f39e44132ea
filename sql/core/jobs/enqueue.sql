-- Enqueues a job in the transaction of the caller, so that a rollback leaves no job.
--
-- A job worker is notified only when no other job was waiting: otherwise a worker is busy and looks again before it
-- sleeps. Security definer: jobs are inserted only here.
create or replace function core.enqueue(
    p_queue text, p_payload jsonb, p_dedupe_key text default null, p_run_at timestamptz default null
)
returns bigint
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
    v_tenant uuid := core.tenant_to_write();
    v_now timestamptz := core.clock();
    v_is_idle boolean;
    v_job bigint;
    v_actor text;
    v_login text := session_user;
    v_request text;
begin
    perform 1 from core.queue as q where q.queue = p_queue;
    if not found then
        raise exception 'queue % does not exist', p_queue using errcode = '22023';
    end if;
    if pg_has_role(session_user, 'stanchion_worker', 'member') and not core.is_operator() then
        perform 1 from core.job as j where j.tenant_id = v_tenant and j.lease_id is not null limit 1;
        if not found then
            raise exception 'a job worker enqueues jobs only for a tenant with a leased job' using errcode = '42501';
        end if;
    end if;
    if p_run_at > v_now then
        v_is_idle := false;
    else
        -- in the order of the intended index: the table may be empty when this statement is planned
        perform 1
        from core.job as j
        where j.tenant_id = v_tenant and j.queue = p_queue and j.lease_id is null and j.run_at <= v_now
        order by j.run_at, j.job_id
        limit 1;
        v_is_idle := not found;
    end if;
    v_actor := core.actor();
    v_request := core.request_id();
    while v_job is null loop
        insert into core.job (tenant_id, queue, payload, dedupe_key, run_at, enqueued_at, actor, login, request_id)
        values (
            v_tenant, p_queue, p_payload, p_dedupe_key, coalesce(p_run_at, v_now), v_now, v_actor, v_login, v_request
        )
        on conflict (tenant_id, queue, dedupe_key) where dedupe_key is not null do nothing
        returning job_id into v_job;
        if v_job is null then  -- another session enqueued the key; a second null means that its job was completed since
            select j.job_id into v_job
            from core.job as j
            where j.tenant_id = v_tenant and j.queue = p_queue and j.dedupe_key = p_dedupe_key;
        elsif v_is_idle then
            perform core.notify_channel('stanchion_jobs', 'core.job_notice', v_now);
        end if;
    end loop;
    return v_job;
end;
$$;

comment on function core.enqueue(text, jsonb, text, timestamptz) is
'Returns the id of the new job; with a dedupe key, the id of the ready or leased job that has the key, if any. The job starts at p_run_at or later. Errors: 22023 when the queue does not exist; 22001 when app.request_id is too long; 42501 when no tenant is set, the principal does not belong to the tenant, or a job worker has no leased job of the tenant; 40001 above READ COMMITTED when another session just enqueued the key.';

grant execute on function core.enqueue(text, jsonb, text, timestamptz) to stanchion_app, stanchion_loader, stanchion_worker;

-- revert: drop function core.enqueue(text, jsonb, text, timestamptz);

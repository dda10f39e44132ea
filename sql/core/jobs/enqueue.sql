-- Puts a job into a queue, in the caller's transaction: what is rolled back was never asked for.
--
-- A worker is only woken when nothing else was waiting: else it is at work, and looks again before it
-- sleeps. Security definer: jobs are put in here and nowhere else.
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
    v_tenant uuid := core.required_tenant();
    v_now timestamptz := core.clock();
    v_is_idle boolean;
    v_job bigint;
begin
    if not exists (select 1 from core.queue as q where q.queue = p_queue) then
        raise exception 'there is no queue %', p_queue using errcode = '22023';
    end if;
    if p_run_at > v_now then
        v_is_idle := false;
    else
        -- in the order of the index that is meant: when this is planned the table may be empty
        perform 1
        from core.job as j
        where j.tenant_id = v_tenant and j.queue = p_queue and j.lease_id is null and j.run_at <= v_now
        order by j.run_at, j.job_id
        limit 1;
        v_is_idle := not found;
    end if;
    while v_job is null loop
        insert into core.job (tenant_id, queue, payload, dedupe_key, run_at, enqueued_at, actor, request_id)
        values (
            v_tenant, p_queue, p_payload, p_dedupe_key, coalesce(p_run_at, v_now), v_now,
            coalesce(core.current_principal()::text, session_user), nullif(current_setting('app.request_id', true), '')
        )
        on conflict (tenant_id, queue, dedupe_key) where dedupe_key is not null do nothing
        returning job_id into v_job;
        if v_job is null then  -- and when there is none, it was done in between
            select j.job_id into v_job
            from core.job as j
            where j.tenant_id = v_tenant and j.queue = p_queue and j.dedupe_key = p_dedupe_key;
        elsif v_is_idle then
            perform core.wake('stanchion_jobs', 'core.job_notice', v_now);
        end if;
    end loop;
    return v_job;
end;
$$;

comment on function core.enqueue(text, jsonb, text, timestamptz) is
'The id of the new job; with a dedupe key, that of the job with this key which is still ready or leased, if there is one. It is not begun before p_run_at. Raises 22023 for a queue that is none, 42501 without a tenant, 40001 above READ COMMITTED when somebody else just enqueued the key.';

grant execute on function core.enqueue(text, jsonb, text, timestamptz) to stanchion_app, stanchion_loader, stanchion_worker;

-- revert: drop function core.enqueue(text, jsonb, text, timestamptz);

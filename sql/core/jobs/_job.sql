-- Releases failed jobs from their lease: they become ready again after a wait, or dead after the last attempt. A job that
-- cannot succeed is dead at once.
--
-- The wait doubles with each attempt, up to an hour, and varies by a quarter, so that jobs which failed together are not
-- all retried together. The transaction of the caller holds the locks of the jobs.
create or replace function core.release_job(p_jobs bigint[], p_error text, p_is_final boolean default false)
returns integer
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_now timestamptz := core.clock();
    v_over bigint[];
    v_again bigint[];
    v_run_at timestamptz[];
    v_job core.job;
    v_dead integer := 0;
begin
    select
        array_agg(j.job_id) filter (where p_is_final or j.attempts >= q.attempts),
        array_agg(j.job_id) filter (where not p_is_final and j.attempts < q.attempts),
        array_agg(v_now + least(q.backoff * 2 ^ least(j.attempts - 1, 30), '1 hour') * (0.75 + random() / 2))
        filter (where not p_is_final and j.attempts < q.attempts)
    into v_over, v_again, v_run_at
    from core.job as j
    join core.queue as q on q.queue = j.queue
    where j.tenant_id = v_tenant and j.job_id = any (p_jobs);
    if v_over is not null then
        for v_job in
            delete from core.job as j
            where j.tenant_id = v_tenant and j.job_id = any (v_over)
            returning j.*
        loop
            insert into core.job_dead (
                tenant_id, job_id, queue, payload, dedupe_key, enqueued_at, died_at, attempts, last_error, actor, login, request_id
            ) values (
                v_tenant, v_job.job_id, v_job.queue, v_job.payload, v_job.dedupe_key, v_job.enqueued_at, v_now, v_job.attempts, p_error,
                v_job.actor, v_job.login, v_job.request_id
            );
            v_dead := v_dead + 1;
        end loop;
    end if;
    if v_again is not null then
        update core.job as j
        set lease_id = null, leased_until = null, leased_by = null, last_error = p_error, run_at = own.run_at
        from unnest(v_again, v_run_at) as own (job_id, run_at)
        where j.tenant_id = v_tenant and j.job_id = own.job_id;
    end if;
    return v_dead;
end;
$$;

comment on function core.release_job(bigint[], text, boolean) is
'Returns the number of the jobs that are now dead; the others are ready again after a wait. Errors: 42501 when no tenant is set.';

-- revert: drop function core.release_job(bigint[], text, boolean);

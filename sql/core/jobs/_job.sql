-- Releases failed jobs from their lease: they become ready again after a wait, or dead after the last attempt. A job that
-- cannot succeed is dead at once.
--
-- The wait doubles with each attempt, up to an hour, and varies by a quarter, so that jobs which failed together are not
-- all retried together.
create or replace function core.release_job(p_jobs bigint[], p_error text, p_is_final boolean default false)
returns integer
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_now timestamptz := core.clock();
    v_dead integer;
begin
    with gone as (
        delete from core.job as j
        using core.queue as q
        where j.tenant_id = v_tenant and j.job_id = any (p_jobs) and q.queue = j.queue and (p_is_final or j.attempts >= q.attempts)
        returning j.*
    )

    insert into core.job_dead (
        tenant_id, job_id, queue, payload, dedupe_key, enqueued_at, died_at, attempts, last_error, actor, login, request_id
    )
    select
        g.tenant_id, g.job_id, g.queue, g.payload, g.dedupe_key, g.enqueued_at, v_now, g.attempts, p_error, g.actor, g.login,
        g.request_id
    from gone as g;
    get diagnostics v_dead = row_count;
    update core.job as j
    set
        lease_id = null,
        leased_until = null,
        leased_by = null,
        last_error = p_error,
        run_at = v_now + least(q.backoff * 2 ^ least(j.attempts - 1, 30), '1 hour') * (0.75 + random() / 2)
    from core.queue as q
    where j.tenant_id = v_tenant and j.job_id = any (p_jobs) and q.queue = j.queue;
    return v_dead;
end;
$$;

comment on function core.release_job(bigint[], text, boolean) is
'Returns the number of the jobs that are now dead; the others are ready again after a wait. Errors: 42501 when no tenant is set.';

-- revert: drop function core.release_job(bigint[], text, boolean);

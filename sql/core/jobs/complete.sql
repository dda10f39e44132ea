-- Completes the jobs of a lease, or one of them. A lease that lost its jobs completes none, so call it in the transaction
-- that did the work, and roll back when it returns fewer jobs than expected.
--
-- The statement is planned at every call: on an empty table every index of the tenant seems equally good, and the session
-- would keep the plan that was made then.
create or replace function core.complete(p_lease uuid, p_job bigint default null)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_now timestamptz := core.clock();
    v_today date;
    v_job core.job;
    v_count integer := 0;
begin
    if current_setting('citus.version', true) is not null then
        -- one statement for both tables would send an intermediate result to every node, and commit in two phases
        v_today := core.utc_day(v_now);
        for v_job in
            delete from core.job as j
            where j.tenant_id = v_tenant and j.lease_id = p_lease and (p_job is null or j.job_id = p_job)
            returning j.*
        loop
            insert into core.job_done (
                tenant_id, finished_on, job_id, queue, enqueued_at, finished_at, attempts, leased_by, actor, login, request_id
            ) values (
                v_tenant, v_today, v_job.job_id, v_job.queue, v_job.enqueued_at, v_now, v_job.attempts, v_job.leased_by, v_job.actor,
                v_job.login, v_job.request_id
            );
            v_count := v_count + 1;
        end loop;
        return v_count;
    end if;
    with gone as (
        delete from core.job as j
        where j.tenant_id = v_tenant and j.lease_id = p_lease and (p_job is null or j.job_id = p_job)
        returning j.*
    )

    insert into core.job_done (
        tenant_id, finished_on, job_id, queue, enqueued_at, finished_at, attempts, leased_by, actor, login, request_id
    )
    select
        g.tenant_id, core.utc_day(v_now), g.job_id, g.queue, g.enqueued_at, v_now, g.attempts, g.leased_by, g.actor, g.login,
        g.request_id
    from gone as g;
    get diagnostics v_count = row_count;
    return v_count;
end;
$$;

comment on function core.complete(uuid, bigint) is
'Returns the number of jobs that were completed; fewer than leased when some were given to another job worker. Errors: 42501 when no tenant is set; 40001 above READ COMMITTED when another job worker got a job concurrently.';

grant execute on function core.complete(uuid, bigint) to stanchion_app, stanchion_worker;

-- revert: drop function core.complete(uuid, bigint);

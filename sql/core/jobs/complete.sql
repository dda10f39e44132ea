-- Marks the jobs of a lease as done, or one of them. Whoever lost the lease meanwhile completes nothing,
-- so call it in the transaction that did the work, and roll back when it answers with too few.
--
-- Planned anew each time: on a table that is empty every index of the tenant looks as good as another, and a
-- session would keep the plan that it made then.
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
    v_tenant uuid := core.required_tenant();
    v_now timestamptz := core.clock();
    v_count integer;
begin
    with gone as (
        delete from core.job as j
        where j.tenant_id = v_tenant and j.lease_id = p_lease and (p_job is null or j.job_id = p_job)
        returning j.*
    )

    insert into core.job_done (
        tenant_id, finished_on, job_id, queue, enqueued_at, finished_at, attempts, leased_by, actor, request_id
    )
    select
        g.tenant_id, core.utc_day(v_now), g.job_id, g.queue, g.enqueued_at, v_now, g.attempts, g.leased_by, g.actor, g.request_id
    from gone as g;
    get diagnostics v_count = row_count;
    return v_count;
end;
$$;

comment on function core.complete(uuid, bigint) is
'How many jobs of the lease are done now; fewer than it had when some were given to another. Raises 42501 without a tenant, 40001 above READ COMMITTED when that happens just now.';

grant execute on function core.complete(uuid, bigint) to stanchion_app, stanchion_worker;

-- revert: drop function core.complete(uuid, bigint);

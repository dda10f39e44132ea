-- Marks the jobs of a lease, or one of them, as failed; core.release_job retries or buries them.
create or replace function core.fail(p_lease uuid, p_error text, p_job bigint default null)
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
    v_jobs bigint[] := array(
        select j.job_id
        from core.job as j
        where j.tenant_id = v_tenant and j.lease_id = p_lease and (p_job is null or j.job_id = p_job)
        for update
    );
begin
    return core.release_job(v_jobs, p_error);
end;
$$;

comment on function core.fail(uuid, text, bigint) is
'Returns the number of the jobs that are now dead; the others are ready again after a wait. Jobs that the lease lost stay unchanged. Errors: 42501 when no tenant is set.';

grant execute on function core.fail(uuid, text, bigint) to stanchion_app, stanchion_worker;

-- revert: drop function core.fail(uuid, text, bigint);

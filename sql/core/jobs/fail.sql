-- Says that the jobs of a lease failed, or one of them, and why: core.release_job says what becomes of them.
create or replace function core.fail(p_lease uuid, p_error text, p_job bigint default null)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
as $$
begin
    return core.release_job(
        array(
            select j.job_id
            from core.job as j
            where j.tenant_id = core.required_tenant() and j.lease_id = p_lease and (p_job is null or j.job_id = p_job)
            for update
        ),
        p_error
    );
end;
$$;

comment on function core.fail(uuid, text, bigint) is
'How many of the jobs are dead of it; the others are ready again after a while. Jobs that the lease lost are left alone. Raises 42501 without a tenant.';

grant execute on function core.fail(uuid, text, bigint) to stanchion_app, stanchion_worker;

-- revert: drop function core.fail(uuid, text, bigint);

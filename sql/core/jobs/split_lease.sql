-- Gives each job of a lease a lease of its own, so that one bad job of a failed batch does not fail the others.
create or replace function core.split_lease(p_lease uuid)
returns table (lease_id uuid, job_id bigint)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_jobs bigint[];
    v_leases uuid[];
begin
    select array_agg(j.job_id), array_agg(gen_random_uuid()) into v_jobs, v_leases
    from core.job as j
    where j.tenant_id = v_tenant and j.lease_id = p_lease;
    return query
    update core.job as j
    set lease_id = own.lease_id
    from unnest(v_jobs, v_leases) as own (job_id, lease_id)
    where j.tenant_id = v_tenant and j.lease_id = p_lease and j.job_id = own.job_id
    returning j.lease_id, j.job_id;
end;
$$;

comment on function core.split_lease(uuid) is
'Returns the new leases, one per job that the lease still has, with the same expiry. Errors: 42501 when no tenant is set.';

grant execute on function core.split_lease(uuid) to stanchion_app, stanchion_worker;

-- revert: drop function core.split_lease(uuid);

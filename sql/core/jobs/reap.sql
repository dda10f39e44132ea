-- Releases the jobs of the tenant whose lease expired: their job worker was killed or is slow.
--
-- A handler that is at work locks the rows of its jobs, and locked rows are skipped. So a lease expires only when the
-- work has not begun, however long the work takes.
create or replace function core.reap()
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
    v_jobs bigint[] := array(
        select j.job_id
        from core.job as j
        where j.tenant_id = v_tenant and j.lease_id is not null and j.leased_until <= v_now
        for update skip locked
    );
begin
    perform core.release_job(v_jobs, 'its worker did not come back before the lease was over');
    return cardinality(v_jobs);
end;
$$;

comment on function core.reap() is
'Returns the number of jobs released from an expired lease, now ready again or dead. Errors: 42501 when no tenant is set.';

grant execute on function core.reap() to stanchion_app, stanchion_worker;

-- revert: drop function core.reap();

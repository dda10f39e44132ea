-- Deletes a job that no worker runs: one that waits, or a dead one. For operators, and for applications that show jobs.
-- The next run of a periodic job stays: without it, the periodic job would never run again.
create or replace function core.cancel_job(p_job bigint)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
begin
    delete from core.job as j
    where j.tenant_id = v_tenant and j.job_id = p_job and j.lease_id is null and j.queue <> 'core.periodic';
    if not found then
        delete from core.job_dead as d where d.tenant_id = v_tenant and d.job_id = p_job;
    end if;
    if not found then
        return false;
    end if;
    perform core.write_audit('job.cancel', p_job::text);
    return true;
end;
$$;

comment on function core.cancel_job(bigint) is
'Returns true when the job waited or was dead and is deleted; false when a worker runs it, or it is done, unknown or the next run of a periodic job. Errors: 42501 when no tenant is set.';

grant execute on function core.cancel_job(bigint) to stanchion_app;

-- revert: drop function core.cancel_job(bigint);

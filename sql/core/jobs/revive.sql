-- Makes a dead job ready, with all attempts of its queue. For operators, and for applications that show dead jobs.
create or replace function core.revive(p_job bigint)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_now timestamptz := core.clock();
    v_job core.job_dead;
begin
    delete from core.job_dead as d
    where d.tenant_id = v_tenant and d.job_id = p_job
    returning d.* into v_job;
    if found then
        insert into core.job (
            tenant_id, job_id, queue, payload, dedupe_key, run_at, enqueued_at, last_error, actor, login, request_id
        ) values (
            v_tenant, p_job, v_job.queue, v_job.payload, v_job.dedupe_key, v_now, v_job.enqueued_at, v_job.last_error, v_job.actor,
            v_job.login, v_job.request_id
        );
        perform core.write_audit('job.revive', p_job::text);
        return true;
    end if;
    return false;
end;
$$;

comment on function core.revive(bigint) is
'Returns true when the job was dead and is ready again; false when there is no such dead job. Errors: 23505 while another job with its dedupe key waits; 42501 when no tenant is set.';

grant execute on function core.revive(bigint) to stanchion_app;

-- revert: drop function core.revive(bigint);

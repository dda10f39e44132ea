-- Makes a dead job ready, with all attempts of its queue. For operators, and for applications that show dead jobs.
create or replace function core.revive(p_job bigint)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    with gone as (
        delete from core.job_dead as d
        where d.tenant_id = core.required_tenant() and d.job_id = p_job
        returning d.*
    )

    insert into core.job (
        tenant_id, job_id, queue, payload, dedupe_key, run_at, enqueued_at, last_error, actor, login, request_id
    )
    overriding system value
    select
        g.tenant_id, g.job_id, g.queue, g.payload, g.dedupe_key, core.clock(), g.enqueued_at, g.last_error, g.actor, g.login,
        g.request_id
    from gone as g;
    if found then
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

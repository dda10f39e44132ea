-- Pauses a periodic job, or resumes it. After a pause the next run is the next time of the expression: runs that the pause
-- suppressed are not caught up.
create or replace function core.pause_periodic(p_name text, p_is_paused boolean default true)
returns timestamptz
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_now timestamptz := core.clock();
    v_row core.periodic_job;
    v_next timestamptz;
begin
    select p.* into v_row from core.periodic_job as p where p.tenant_id = v_tenant and p.name = p_name for update;
    if not found then
        raise exception 'periodic job % does not exist', p_name using errcode = 'P0002';
    end if;
    v_next := case when p_is_paused then v_row.next_at else core.next_run(v_row.cron, v_row.zone, v_now) end;
    update core.periodic_job as p set is_enabled = not p_is_paused, next_at = v_next
    where p.tenant_id = v_tenant and p.name = p_name;
    perform core.plan_periodic(p_name, v_row.next_at, case when not p_is_paused then v_next end);
    perform core.write_audit(case when p_is_paused then 'schedule.pause' else 'schedule.resume' end, p_name);
    return case when not p_is_paused then v_next end;
end;
$$;

comment on function core.pause_periodic(text, boolean) is
'Returns the time of the next run, or null when paused. Errors: P0002 when the periodic job does not exist; 42501 when no tenant is set.';

grant execute on function core.pause_periodic(text, boolean) to stanchion_app;

-- revert: drop function core.pause_periodic(text, boolean);

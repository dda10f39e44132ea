-- Removes a periodic job. Jobs that it has enqueued stay.
create or replace function core.unschedule_job(p_name text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_next timestamptz;
begin
    delete from core.periodic_job as p
    where p.tenant_id = v_tenant and p.name = p_name
    returning p.next_at into v_next;
    if not found then
        return false;
    end if;
    perform core.plan_periodic(p_name, v_next, null);
    perform core.write_audit('schedule.remove', p_name);
    return true;
end;
$$;

comment on function core.unschedule_job(text) is
'Returns true when the periodic job existed and is removed. Errors: 42501 when no tenant is set.';

grant execute on function core.unschedule_job(text) to stanchion_app;

-- revert: drop function core.unschedule_job(text);

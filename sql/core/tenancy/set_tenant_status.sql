-- Suspends or resumes the tenant of the session. For operators.
create or replace function core.set_tenant_status(p_status text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_before text;
begin
    if p_status not in ('active', 'suspended') then
        raise exception 'a tenant is active or suspended, not %', p_status using errcode = '22023';
    end if;
    perform core.replan_for_analysts();
    select t.status into v_before from core.tenant as t where t.tenant_id = v_tenant for update;
    if v_before in ('importing', 'removing') then
        raise exception 'the tenant is %', case v_before when 'importing' then 'being imported' else 'being removed' end
            using errcode = '55000', hint = 'Repeat the command that was stopped: stanchion tenant import or remove.';
    end if;
    update core.tenant as t set status = p_status where t.tenant_id = v_tenant;
    perform core.write_audit('tenant.status', p_status);
end;
$$;

comment on function core.set_tenant_status(text) is
'Returns nothing. Sets the status of the tenant: active or suspended. Errors: 22023 for another status; 55000 while the tenant is imported or removed; 42501 when no tenant is set.';

-- revert: drop function core.set_tenant_status(text);

-- Locks the tenant's row until the transaction ends; what is counted in the statements after it stays so.
create or replace function workspace.lock_state()
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    perform from workspace.tenant_state as s where s.tenant_id = core.required_tenant() for no key update;
    if not found then
        insert into workspace.tenant_state (tenant_id, changed_at) values (core.required_tenant(), core.clock())
        on conflict on constraint tenant_state_pk do nothing;
        perform from workspace.tenant_state as s where s.tenant_id = core.required_tenant() for no key update;
    end if;
end;
$$;

comment on function workspace.lock_state() is
'Waits for whoever else counts or changes something of the tenant. Raises 42501 without a tenant, 40001 above READ COMMITTED when somebody did since the snapshot.';

-- revert: drop function workspace.lock_state();

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

-- Says that something of the tenant changed, and that whoever acts was active: to the hour, since a row that
-- everybody writes all the time would be one to wait for.
create or replace function workspace.touch(p_at timestamptz)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into workspace.tenant_state as s (tenant_id, version, changed_at) values (core.required_tenant(), 1, p_at)
    on conflict on constraint tenant_state_pk do update set version = s.version + 1, changed_at = excluded.changed_at;
    update core.membership as m
    set last_active_at = p_at
    where
        m.tenant_id = core.required_tenant()
        and m.principal_id = core.current_principal()
        and coalesce(m.last_active_at, '-infinity') < p_at - interval '1 hour';
end;
$$;

comment on function workspace.touch(timestamptz) is
'Moves the version of the tenant on. Raises 42501 without a tenant, 40001 above READ COMMITTED when somebody else just did.';

-- revert: drop function workspace.touch(timestamptz);
-- revert: drop function workspace.lock_state();

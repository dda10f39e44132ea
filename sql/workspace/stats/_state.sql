-- Locks the row of the tenant until the transaction ends, so that counts in later statements stay exact.
create or replace function workspace.lock_state()
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_now timestamptz;
begin
    perform from workspace.tenant_state as s where s.tenant_id = v_tenant for no key update;
    if not found then
        v_now := core.clock();
        insert into workspace.tenant_state (tenant_id, changed_at) values (v_tenant, v_now)
        on conflict on constraint tenant_state_pk do nothing;
        perform from workspace.tenant_state as s where s.tenant_id = v_tenant for no key update;
    end if;
end;
$$;

comment on function workspace.lock_state() is
'Returns nothing. Waits for concurrent counts and changes of the tenant. Errors: 42501 when no tenant is set; 40001 above READ COMMITTED when the tenant changed since the snapshot.';

-- Records a change of the tenant, and the activity of the acting principal. Activity is stored to the hour, since a row
-- that every call updates would be contended.
create or replace function workspace.touch(p_at timestamptz)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_principal uuid := core.current_principal();
    v_before timestamptz := p_at - interval '1 hour';
begin
    insert into workspace.tenant_state as s (tenant_id, version, changed_at) values (v_tenant, 1, p_at)
    on conflict on constraint tenant_state_pk do update set version = s.version + 1, changed_at = excluded.changed_at;
    update core.membership as m
    set last_active_at = p_at
    where
        m.tenant_id = v_tenant
        and m.principal_id = v_principal
        and (m.last_active_at is null or m.last_active_at < v_before);
end;
$$;

comment on function workspace.touch(timestamptz) is
'Returns nothing. Increments the version of the tenant. Errors: 42501 when no tenant is set; 40001 above READ COMMITTED when another session just did.';

-- revert: drop function workspace.touch(timestamptz);
-- revert: drop function workspace.lock_state();

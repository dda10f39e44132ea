-- Returns the tenant of the session, for functions that need one.
create or replace function core.required_tenant()
returns uuid
language plpgsql
stable
parallel restricted
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.current_tenant();
begin
    if v_tenant is null then
        raise exception 'no tenant in this transaction: it needs app.tenant_id, JWT claims or an API key'
            using errcode = '42501';
    end if;
    return v_tenant;
end;
$$;

comment on function core.required_tenant() is 'Returns the tenant of the session. Errors: 42501 when no tenant is set.';

grant execute on function core.required_tenant() to stanchion_app, stanchion_loader, stanchion_builder;

-- revert: drop function core.required_tenant();

-- The tenant, for functions that make no sense without one.
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
        raise exception 'no tenant: this transaction does not say for whom it acts'
            using errcode = '42501';
    end if;
    return v_tenant;
end;
$$;

comment on function core.required_tenant() is 'The tenant of the session. Raises 42501 when there is none.';

grant execute on function core.required_tenant() to stanchion_app, stanchion_loader, stanchion_builder;

-- revert: drop function core.required_tenant();

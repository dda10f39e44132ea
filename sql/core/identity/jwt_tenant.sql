-- Returns the tenant of the JWT claims. They are ignored when the session sets a tenant itself: a malformed setting
-- means no tenant, and never falls back to the claims.
--
-- The function keeps the default cost of plpgsql. Within core.current_tenant() that cost makes the planner prefer an
-- index scan, which calls the function once, to a sequential scan, which calls it for every row.
create or replace function core.jwt_tenant()
returns text
language plpgsql
stable
parallel restricted
set search_path = pg_catalog, pg_temp
as $$
declare
    v_claims jsonb;
begin
    if current_setting('app.tenant_id', true) <> '' then
        return null;
    end if;
    v_claims := core.jwt_claims();
    return substring(
        coalesce(v_claims #>> '{app_metadata,tenant_id}', v_claims #>> '{app_metadata,org_id}')
        from '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$'
    );
end;
$$;

comment on function core.jwt_tenant() is
'Returns app_metadata.tenant_id, else app_metadata.org_id, of the JWT claims; null when neither is a uuid or the session sets a tenant itself.';

grant execute on function core.jwt_tenant() to stanchion_app, stanchion_loader, stanchion_builder;

-- revert: drop function core.jwt_tenant();

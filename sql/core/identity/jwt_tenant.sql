-- The tenant that the token names. The token counts only where the session does not say a tenant
-- itself: what it says malformed is nobody, not whoever the token names.
--
-- It keeps the cost that plpgsql has by default: as a part of core.current_tenant() that makes the
-- planner prefer an index, which asks once, to a sequential scan, which would ask for every row.
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
'app_metadata.tenant_id, else app_metadata.org_id, of the token; null when neither is a uuid, or the session says a tenant itself.';

grant execute on function core.jwt_tenant() to stanchion_app, stanchion_loader, stanchion_builder;

-- revert: drop function core.jwt_tenant();

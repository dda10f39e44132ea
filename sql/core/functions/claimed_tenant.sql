-- The tenant that the token names, as it stands there: the reader of it decides whether it is one.
--
-- It keeps the cost that plpgsql has by default: as a part of core.current_tenant() that makes the
-- planner prefer an index, which asks once, to a sequential scan, which would ask for every row.
create or replace function core.claimed_tenant()
returns text
language plpgsql
stable
parallel restricted
set search_path = pg_catalog, pg_temp
as $$
declare
    v_claims jsonb := core.claims();
begin
    return coalesce(v_claims #>> '{app_metadata,tenant_id}', v_claims #>> '{app_metadata,org_id}');
end;
$$;

comment on function core.claimed_tenant() is
'app_metadata.tenant_id, else app_metadata.org_id, of the token; null when neither is there.';

grant execute on function core.claimed_tenant() to stanchion_app, stanchion_loader, stanchion_builder;

-- revert: drop function core.claimed_tenant();

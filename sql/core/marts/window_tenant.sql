-- Returns the one tenant that the session computes.
create or replace function core.window_tenant()
returns uuid
language sql
stable
parallel safe
return nullif(current_setting('stanchion.window_tenant', true), '')::uuid;

comment on function core.window_tenant() is 'Returns the only tenant to compute; null for all tenants.';

grant execute on function core.window_tenant() to stanchion_builder;

-- revert: drop function core.window_tenant();

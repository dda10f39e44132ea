-- Stores the responses of many keys, each as core.complete_key does and with the same fencing token.
create or replace function core.complete_keys(p_keys text[], p_attempts integer[], p_code integer, p_bodies bytea[])
returns text[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_kept text[] := '{}'::text[];
begin
    for v_number in 1..coalesce(cardinality(p_keys), 0) loop
        if core.complete_key(p_keys[v_number], p_attempts[v_number], p_code, p_bodies[v_number]) then
            v_kept := v_kept || p_keys[v_number];
        end if;
    end loop;
    return v_kept;
end;
$$;

comment on function core.complete_keys(text[], integer[], integer, bytea[]) is
'Returns the keys whose response was stored, unordered. For the others this attempt no longer holds the key, or the key is already complete. Errors: 42501 when no tenant is set; 40001 above READ COMMITTED when another caller took a key over.';

grant execute on function core.complete_keys(text[], integer[], integer, bytea[]) to stanchion_app, stanchion_loader;

-- revert: drop function core.complete_keys(text[], integer[], integer, bytea[]);

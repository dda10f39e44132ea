-- Stores the responses of many keys, each as core.complete_key does and with the same fencing token: in one statement on
-- plain Postgres, and key by key on a cluster. The settings are for that statement.
create or replace function core.complete_keys(p_keys text[], p_attempts integer[], p_code integer, p_bodies bytea[])
returns text[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_kept text[] := '{}'::text[];
begin
    if current_setting('citus.version', true) is null then
        return core.complete_keys_on_one_server(p_keys, p_attempts, p_code, p_bodies);
    end if;
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

-- The one statement of core.complete_keys, which Citus does not plan generically.
create or replace function core.complete_keys_on_one_server(
    p_keys text[], p_attempts integer[], p_code integer, p_bodies bytea[]
)
returns text[]
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_now timestamptz := core.clock();
    v_since timestamptz := v_now - core.idempotency_window();
    v_latest date := core.latest_key_day(core.utc_day(v_now));  -- the clock of the claim may have been ahead
    v_kept text[];
begin
    with given as materialized (
        select
            g.key,
            g.attempt,
            g.body,
            core.key_time(g.key) as made
        from unnest(p_keys, p_attempts, p_bodies) as g (key, attempt, body)
    ),

    -- the days on which a key may have been claimed; a UUIDv7 is completed even after the window
    placed as materialized (
        select
            g.key,
            g.attempt,
            g.body,
            case when g.made is null then core.key_hash(g.key) else g.key::uuid end as key_id,
            core.utc_day(coalesce(g.made, v_since)) as first_day,
            coalesce(core.utc_day(g.made), v_latest) as last_day,
            case when g.made is null then v_since else '-infinity' end as since
        from given as g
    ),

    kept as (
        update core.idempotency_key as k
        set completed_at = v_now, response_code = p_code, response_body = p.body
        from placed as p
        where
            k.tenant_id = v_tenant
            and k.key_id = p.key_id
            and k.claimed_on between p.first_day and p.last_day
            and k.claimed_at > p.since
            and k.attempt = p.attempt
            and k.completed_at is null
        returning p.key
    )

    select coalesce(array_agg(kept.key), '{}') into v_kept from kept;
    return v_kept;
end;
$$;

comment on function core.complete_keys_on_one_server(text[], integer[], integer, bytea[]) is
'Returns the keys whose response was stored, unordered. Called by core.complete_keys on plain Postgres, with its settings of the planner. Errors: 42501 when no tenant is set.';

-- revert: drop function core.complete_keys_on_one_server(text[], integer[], integer, bytea[]);
-- revert: drop function core.complete_keys(text[], integer[], integer, bytea[]);

-- Takes in heartbeats that a program collected: [{"principal_id": ..., "at": ...}, ...], without "at" of now.
--
-- The latest counts, whatever came first, and nobody was heard of in the future. They go through an array, whose length
-- the planner knows: fifty thousand are joined with what is there, ten are looked up. Flushes of a tenant take turns,
-- since two that change the same rows in different orders would wait for each other. Security definer: presence
-- is written only here.
create or replace function workspace.flush_presence(p_heartbeats jsonb)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set work_mem = '32MB'
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_now timestamptz := core.clock();
    v_principals uuid[];
    v_seen timestamptz[];
    v_count integer;
begin
    select array_agg(beat.principal_id), array_agg(beat.last_seen) into v_principals, v_seen
    from (
        select h.principal_id, max(least(coalesce(h.at, v_now), v_now)) as last_seen
        from jsonb_to_recordset(p_heartbeats) as h (principal_id uuid, at timestamptz)
        group by h.principal_id
    ) as beat;
    perform pg_advisory_xact_lock(hashtextextended(v_tenant::text, hashtext('workspace.presence')));
    with beat as materialized (
        select m.principal_id, b.last_seen
        from unnest(v_principals, v_seen) as b (principal_id, last_seen)
        join core.membership as m on m.tenant_id = v_tenant and m.principal_id = b.principal_id
        where m.is_active
    ),

    known as (
        update workspace.presence as p
        set last_seen = b.last_seen
        from beat as b
        where p.tenant_id = v_tenant and p.principal_id = b.principal_id and p.last_seen < b.last_seen
        returning 1
    ),

    new as (
        insert into workspace.presence (tenant_id, principal_id, last_seen)
        select v_tenant, b.principal_id, b.last_seen
        from beat as b
        where not exists (
            select from workspace.presence as p
            where p.tenant_id = v_tenant and p.principal_id = b.principal_id
        )
        order by b.principal_id
        on conflict on constraint presence_pk do nothing
        returning 1
    )

    select (select count(*) from known) + (select count(*) from new) into v_count;
    return v_count;
end;
$$;

comment on function workspace.flush_presence(jsonb) is
'Of how many members that was news; whoever is no active member is passed over. Raises 22023 or 22P02 for what is no list of heartbeats, 42501 without a tenant.';

grant execute on function workspace.flush_presence(jsonb) to stanchion_app;

-- revert: drop function workspace.flush_presence(jsonb);

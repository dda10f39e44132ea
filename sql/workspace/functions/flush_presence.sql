-- Takes in heartbeats that a program collected: [{"principal_id": ..., "at": ...}, ...], without "at" of now.
--
-- One statement; in the order of the key, in which every other flush locks too. The latest counts, whatever
-- came first, and nobody was heard of in the future. Security definer: presence is written only here.
create or replace function workspace.flush_presence(p_heartbeats jsonb)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_now timestamptz := core.clock();
    v_count integer;
begin
    insert into workspace.presence as p (tenant_id, principal_id, last_seen)
    select v_tenant, m.principal_id, beat.last_seen
    from (
        select h.principal_id, max(least(coalesce(h.at, v_now), v_now)) as last_seen
        from jsonb_to_recordset(p_heartbeats) as h (principal_id uuid, at timestamptz)
        group by h.principal_id
    ) as beat
    join core.membership as m on m.tenant_id = v_tenant and m.principal_id = beat.principal_id
    where m.is_active
    order by m.principal_id
    on conflict on constraint presence_pk do update set last_seen = excluded.last_seen
    where p.last_seen < excluded.last_seen;
    get diagnostics v_count = row_count;
    return v_count;
end;
$$;

comment on function workspace.flush_presence(jsonb) is
'Of how many members that was news; whoever is no active member is passed over. Raises 22023 or 22P02 for what is no list of heartbeats, 42501 without a tenant.';

grant execute on function workspace.flush_presence(jsonb) to stanchion_app;

-- revert: drop function workspace.flush_presence(jsonb);

-- Stores heartbeats that a program collected: [{"principal_id": ..., "at": ...}, ...]; without "at", the current time.
--
-- The latest heartbeat counts, in any order of arrival, and times in the future count as now. The heartbeats are an array,
-- whose length the planner knows: fifty thousand are joined, ten are looked up. Flushes of a tenant run one after the
-- other, since two that update the same rows in different orders could deadlock. Security definer: presence is written
-- only here.
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
    v_tenant uuid := core.tenant_to_write();
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
    with flushed as (
        insert into workspace.presence as p (tenant_id, principal_id, last_seen)
        select v_tenant, b.principal_id, b.last_seen
        from unnest(v_principals, v_seen) as b (principal_id, last_seen)
        join core.membership as m on m.tenant_id = v_tenant and m.principal_id = b.principal_id
        where m.is_active
        order by b.principal_id
        on conflict on constraint presence_pk do update set last_seen = excluded.last_seen
        where p.last_seen < excluded.last_seen
        returning 1
    )

    select count(*) into v_count from flushed;
    if v_count > 0 then
        perform core.notify_channel('stanchion_presence', 'workspace.presence_notice', v_now);
    end if;
    return v_count;
end;
$$;

comment on function workspace.flush_presence(jsonb) is
'Returns the number of members whose last heartbeat changed, and notifies the channel stanchion_presence; principals without an active membership are skipped. Errors: 22023 or 22P02 when the argument is not a list of heartbeats; 42501 when no tenant is set.';

grant execute on function workspace.flush_presence(jsonb) to stanchion_app;

-- revert: drop function workspace.flush_presence(jsonb);

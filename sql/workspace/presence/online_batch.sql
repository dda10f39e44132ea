-- Returns which of up to a thousand principals are online, as far as the acting principal may know.
--
-- A principal who blocked the caller, was blocked by the caller, is incognito or does not exist looks like one who was
-- never online, so that the caller cannot distinguish them. An incognito caller sees no one. An application without a
-- principal sees everyone who is not incognito. Security definer: callers may not read the blocks of others.
create or replace function workspace.online_batch(p_principals uuid[])
returns table (principal_id uuid, is_online boolean, last_seen timestamptz)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_me uuid := core.current_principal();
    v_since timestamptz := core.clock() - make_interval(secs => (core.setting('workspace', 'presence_seconds'))::integer);
    v_is_incognito boolean;
begin
    if cardinality(p_principals) > 1000 then
        raise exception '% principals in one call, at most 1000 are allowed', cardinality(p_principals) using errcode = '22023';
    end if;
    select coalesce(bool_or(f.is_incognito), false) into v_is_incognito
    from workspace.profile as f
    where f.tenant_id = v_tenant and f.principal_id = v_me and f.is_incognito;
    return query
    select asked.principal_id, coalesce(seen.last_seen > v_since, false), seen.last_seen
    from (select distinct p.id as principal_id from unnest(p_principals) as p (id)) as asked
    left join lateral (
        select p.last_seen
        from workspace.presence as p
        where
            p.tenant_id = v_tenant
            and p.principal_id = asked.principal_id
            and (
                p.principal_id = v_me
                or (
                    not v_is_incognito
                    and not exists (
                        select from workspace.profile as f
                        where f.tenant_id = v_tenant and f.principal_id = asked.principal_id and f.is_incognito
                    )
                    and not exists (
                        select from workspace.block as b
                        where b.tenant_id = v_tenant and b.principal_id = v_me and b.blocked_id = asked.principal_id
                    )
                    and not exists (
                        select from workspace.block as b
                        where b.tenant_id = v_tenant and b.principal_id = asked.principal_id and b.blocked_id = v_me
                    )
                )
            )
    ) as seen on true;
end;
$$;

comment on function workspace.online_batch(uuid[]) is
'Returns one row per requested principal: whether the principal is online, and the last heartbeat; null when hidden from the caller. Errors: 22023 for more than 1000 principals; 42501 when no tenant is set.';

grant execute on function workspace.online_batch(uuid[]) to stanchion_app;

-- revert: drop function workspace.online_batch(uuid[]);

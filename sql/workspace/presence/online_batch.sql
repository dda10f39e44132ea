-- Who of these is online, as the acting principal may know: one query for up to a thousand.
--
-- Who blocked whom, or is incognito, looks like somebody who was never there, and so does who does not
-- exist: nobody can tell one from the other. Whoever is incognito sees nobody either. An application that
-- acts for nobody sees all but the incognito. Security definer: others' blocks are nobody's to read.
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
        raise exception 'ask for up to 1,000 at a time, not %', cardinality(p_principals) using errcode = '22023';
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
'One row for each that was asked for: whether they are online, and when they were last heard of; null for who is not to be seen. Raises 22023 for more than 1,000, 42501 without a tenant.';

grant execute on function workspace.online_batch(uuid[]) to stanchion_app;

-- revert: drop function workspace.online_batch(uuid[]);

-- Returns the node of a Citus cluster through which the sessions of a tenant enter: its home.
--
-- Security definer: the caller needs no right to the tables that contain the answer. Plain Postgres executes none of the
-- statements that name objects of Citus.
create or replace function core.home_of(p_id uuid)
returns table (node integer, host text, port integer)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_is_by_node boolean;
begin
    if current_setting('citus.version', true) is null then
        return;
    end if;
    select c.entry = 'node' and c.state = 'distributed' into v_is_by_node from core.cluster as c;
    if not found then
        return;
    elsif v_is_by_node then
        return query
        select n.nodeid, n.nodename, n.nodeport
        from pg_dist_placement as p
        join pg_dist_node as n on n.groupid = p.groupid and n.noderole = 'primary'
        where p.shardid = get_shard_id_for_distribution_column('core.event_stream', p_id);
    else
        return query
        select n.nodeid, n.nodename, n.nodeport
        from pg_dist_node as n
        where n.groupid = 0 and n.noderole = 'primary';
    end if;
end;
$$;

comment on function core.home_of(uuid) is
'Returns the node to which sessions of a tenant connect, with the address by which the nodes know it; no row on plain Postgres.';

grant execute on function core.home_of(uuid) to stanchion_app, stanchion_loader, stanchion_worker, stanchion_builder;

-- Returns whether this session began at the home of a tenant. On a cluster, functions that work for all tenants use it to
-- skip the tenants of other nodes.
create or replace function core.is_at_home(p_id uuid)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_home integer;
begin
    if current_setting('citus.version', true) is null then
        return true;
    end if;
    select h.node into v_home from core.home_of(p_id) as h;
    if not found then
        return true;
    end if;
    return v_home = citus_nodeid_for_gpid(citus_backend_gpid());
end;
$$;

comment on function core.is_at_home(uuid) is
'Returns whether this session began at the node of the tenant; always true on plain Postgres.';

grant execute on function core.is_at_home(uuid) to stanchion_loader, stanchion_worker, stanchion_builder;

-- revert: drop function core.is_at_home(uuid);
-- revert: drop function core.home_of(uuid);

-- Returns the tenant of the session, for functions that write. On a cluster it refuses a session that began at another
-- node than the home of the tenant (decision 0055): the rows would get the transaction id of a foreign node, and
-- consumers would miss them.
--
-- Plain Postgres pays for one setting. The body repeats core.required_tenant(), because a call of it would cost more.
create or replace function core.tenant_to_write()
returns uuid
language plpgsql
volatile
parallel restricted
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.current_tenant();
begin
    if v_tenant is null then
        raise exception 'no tenant in this transaction: it needs app.tenant_id, JWT claims or an API key'
            using errcode = '42501';
    end if;
    if current_setting('citus.version', true) is not null then
        perform core.require_home();
    end if;
    return v_tenant;
end;
$$;

comment on function core.tenant_to_write() is
'Returns the tenant of the session, for functions that write. Errors: 42501 when no tenant is set; 55000 (core.require_home) on a cluster at another node than the one of the tenant.';

grant execute on function core.tenant_to_write() to stanchion_app, stanchion_loader, stanchion_builder;

-- Refuses a session that did not begin at the home of its tenant.
--
-- Until the transaction ends, the session shares the lock on the metadata of the shard. A move takes this lock exclusively
-- before its last copy. So no transaction that passed writes after the move, and one that waited sees the new home. The
-- lock is a function of Citus for the owner of the table: security definer.
create or replace function core.require_home()
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.current_tenant();
    v_state text;
    v_enters_by text;
    v_shard bigint;
    v_found bigint;
    v_home integer;
    v_host text;
    v_port integer;
    v_entry integer;
    v_success boolean;
    v_answer text;
begin
    select c.state, c.entry into v_state, v_enters_by from core.cluster as c;
    if v_state is null then
        return;  -- a plain database on a server that loads Citus for another one
    elsif v_state <> 'distributed' then
        raise exception 'the cluster is % tables: no tenant can be written until that is complete', v_state
            using errcode = '55000', hint = 'Wait, or run the stopped command again: stanchion cluster status';
    end if;
    loop
        v_shard := get_shard_id_for_distribution_column('core.event_stream', v_tenant);
        perform lock_shard_metadata(5, array[v_shard]);  -- ShareLock
        -- no variable in the statement, because it would be planned at each execution
        select n.nodeid, n.nodename, n.nodeport, p.shardid into v_home, v_host, v_port, v_found
        from pg_dist_placement as p
        join pg_dist_node as n on n.groupid = p.groupid and n.noderole = 'primary'
        where p.shardid = (select get_shard_id_for_distribution_column('core.event_stream', core.current_tenant()));
        -- else the shard was split while this session waited
        exit when v_found = v_shard;
    end loop;
    select c.entry into v_enters_by from core.cluster as c;  -- may have changed while this session waited
    if v_enters_by = 'coordinator' then
        select n.nodeid, n.nodename, n.nodeport into v_home, v_host, v_port
        from pg_dist_node as n
        where n.groupid = 0 and n.noderole = 'primary';
    end if;
    if current_setting('transaction_isolation') <> 'read committed' then
        -- the snapshot may be older than a move: another connection reads the present home
        select c.success, c.result into v_success, v_answer
        from run_command_on_coordinator(format('select to_jsonb(h) from core.home_of(%L) as h', v_tenant)) as c;
        if not v_success then
            raise exception 'the coordinator of the cluster did not return the home of tenant %: %', v_tenant, v_answer
                using errcode = '08006', hint = 'At READ COMMITTED no other node is asked.';
        end if;
        select j.node, j.host, j.port into v_home, v_host, v_port
        from jsonb_to_record(v_answer::jsonb) as j (node integer, host text, port integer);
    end if;
    if v_home is distinct from citus_nodeid_for_gpid(citus_backend_gpid()) then
        v_entry := citus_nodeid_for_gpid(citus_backend_gpid());
        raise exception 'tenant % is written through the node %:%, and this session began at the node %', v_tenant, v_host, v_port,
            coalesce((select format('%s:%s', n.nodename, n.nodeport) from pg_dist_node as n where n.nodeid = v_entry), v_entry::text)
            using errcode = '55000', hint = 'Connect to the node of the tenant: stanchion dsn --tenant, or core.home_of().';
    end if;
end;
$$;

comment on function core.require_home() is
'Returns nothing. Errors: 55000 when this session began at another node than the one of its tenant, or while the cluster is being built or undone; 08006 above READ COMMITTED when the coordinator cannot be reached.';

grant execute on function core.require_home() to stanchion_app, stanchion_loader, stanchion_builder;

-- revert: drop function core.require_home();
-- revert: drop function core.tenant_to_write();

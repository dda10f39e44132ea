-- Returns the number of shard tables on each node of a cluster; no row on plain Postgres.
create or replace function core.shard_tables()
returns table (node text, shard_tables bigint)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if current_setting('citus.version', true) is null or not exists (select from core.cluster) then
        return;
    end if;
    return query
    select format('%s:%s', n.nodename, n.nodeport), count(*)
    from pg_dist_placement as p
    join pg_dist_node as n on n.groupid = p.groupid and n.noderole = 'primary'
    group by n.nodename, n.nodeport;
end;
$$;

comment on function core.shard_tables() is
'Returns the nodes of a cluster and the number of tables that Citus keeps on each: shards, their partitions, and reference tables. No row on plain Postgres.';

-- Refuses a further partition of a distributed table when a node would exceed the threshold of shard tables.
create or replace function core.check_shard_tables(p_relation regclass)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_limit numeric;
    v_node text;
    v_count bigint;
begin
    if current_setting('citus.version', true) is null or not exists (select from core.cluster) then
        return;
    end if;
    select t.threshold into v_limit from ops.threshold as t where t.name = 'shard_tables';
    select format('%s:%s', n.nodename, n.nodeport), count(*) + count(*) filter (where s.logicalrelid = p_relation)
    into v_node, v_count
    from pg_dist_placement as p
    join pg_dist_node as n on n.groupid = p.groupid and n.noderole = 'primary'
    join pg_dist_shard as s on s.shardid = p.shardid
    group by n.nodename, n.nodeport
    order by 2 desc
    limit 1;
    if v_count > v_limit then
        raise exception 'a further partition of % would be shard table % on the node %, more than the threshold of %',
            p_relation, v_count, v_node, v_limit
            using
                errcode = '54000',
                hint = 'Use partitions of months (select core.use_months()), add a node, or raise shard_tables in ops.threshold: docs/operations/cluster.md';
    end if;
end;
$$;

comment on function core.check_shard_tables(regclass) is
'Returns nothing. Errors: 54000 on a cluster when a node would have more shard tables than ops.threshold allows.';

-- Returns the size of each distributed table and partition, which is on other nodes than its entry in pg_class.
create or replace function core.shard_sizes()
returns table (relation oid, bytes bigint, estimated_rows bigint, is_filled boolean)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    if current_setting('citus.version', true) is null or not exists (select from core.cluster) then
        return;
    end if;
    return query
    select
        to_regclass(s.name)::oid,
        sum(s.bytes)::bigint,
        sum(s.estimated_rows)::bigint,
        bool_or(s.is_filled)
    from run_command_on_all_nodes($c$
        select coalesce(jsonb_agg(jsonb_build_object(
            'name', f.name, 'bytes', f.bytes, 'estimated_rows', f.estimated_rows, 'is_filled', f.is_filled
        )), '[]')
        from (
            select
                format('%I.%I', n.nspname, t.relname) as name,
                sum(pg_total_relation_size(c.oid)) as bytes,
                sum(greatest(c.reltuples, 0)) as estimated_rows,
                bool_or(pg_relation_size(c.oid) > 0) as is_filled
            from pg_dist_shard as s
            join pg_class as t on t.oid = s.logicalrelid
            join pg_namespace as n on n.oid = t.relnamespace
            join pg_class as c on c.oid = to_regclass(shard_name(s.logicalrelid, s.shardid))
            group by n.nspname, t.relname
        ) as f
    $c$) as r
    cross join lateral jsonb_to_recordset(r.result::jsonb) as s (name text, bytes bigint, estimated_rows numeric, is_filled boolean)
    where r.success and to_regclass(s.name) is not null
    group by to_regclass(s.name);
end;
$$;

comment on function core.shard_sizes() is
'Returns the bytes and rows of each distributed table and partition on all nodes that answer. No row on plain Postgres.';

-- revert: drop function core.shard_sizes();
-- revert: drop function core.check_shard_tables(regclass);
-- revert: drop function core.shard_tables();

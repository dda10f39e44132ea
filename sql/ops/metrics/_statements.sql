-- Returns the statements of this database in pg_stat_statements, or no row where the server does not have it. The
-- extension is looked up in the catalog, since it may be in any schema, and queried by dynamic SQL, since a view on it
-- could not be created without it.
create or replace function ops.statements()
returns table (
    statement_id bigint,
    calls bigint,
    mean_ms double precision,
    max_ms double precision,
    total_ms double precision,
    rows bigint,
    pages bigint,
    pages_read bigint,
    query text
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_schema name;
begin
    select n.nspname into v_schema
    from pg_extension as e
    join pg_namespace as n on n.oid = e.extnamespace
    where e.extname = 'pg_stat_statements';
    if not found or current_setting('pg_stat_statements.max', true) is null then  -- created but not loaded
        return;
    end if;
    return query execute format(
        'select s.queryid, sum(s.calls)::bigint, sum(s.total_exec_time) / greatest(sum(s.calls), 1), max(s.max_exec_time), '
        'sum(s.total_exec_time), sum(s.rows)::bigint, sum(s.shared_blks_hit + s.shared_blks_read)::bigint, '
        'sum(s.shared_blks_read)::bigint, max(s.query) '
        'from %I.pg_stat_statements as s '
        'join pg_database as d on d.oid = s.dbid where d.datname = current_database() group by s.queryid',
        v_schema
    );
end;
$$;

comment on function ops.statements() is 'Returns one row per statement of this database in pg_stat_statements; no row without the extension.';

-- revert: drop function ops.statements();

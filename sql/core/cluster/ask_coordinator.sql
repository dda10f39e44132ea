-- Runs a statement on the coordinator of a cluster, for functions that a session calls at a worker. The statement runs in a
-- transaction of its own, as the owner.
create or replace function core.ask_coordinator(p_statement text, out is_answered boolean, out answer text)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_success boolean;
begin
    is_answered := false;
    if current_setting('citus.version', true) is null or not exists (select from core.cluster as c) then
        return;
    end if;
    -- by EXECUTE, because plain Postgres does not know these objects
    execute 'select g.groupid <> 0 from pg_dist_local_group as g' into is_answered;
    if not is_answered then
        return;
    end if;
    execute 'select c.success, c.result from run_command_on_coordinator($1) as c' into v_success, answer using p_statement;
    if not v_success then
        raise exception 'the coordinator of the cluster refused the statement: %', answer using errcode = '08006';
    end if;
end;
$$;

comment on function core.ask_coordinator(text) is
'Returns true with the first value of the result; false, without running the statement, on plain Postgres and on the coordinator. Errors: 08006 when the coordinator cannot be reached or refuses the statement.';

-- revert: drop function core.ask_coordinator(text);

-- Returns the id of the next load. The ids of a cluster are one sequence, on the coordinator: with one per node, a later
-- load could get a lower id, and the build would skip it.
create or replace function landing.next_load_id()
returns bigint
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_asked record;
begin
    select a.is_answered, a.answer into v_asked from core.ask_coordinator('select nextval(''landing.load_id'')') as a;
    if v_asked.is_answered then
        return v_asked.answer::bigint;
    end if;
    return nextval('landing.load_id');
end;
$$;

comment on function landing.next_load_id() is
'Returns an id greater than that of every load begun before. Errors: 08006 (core.ask_coordinator) when a node of a cluster cannot reach the coordinator.';

-- revert: drop function landing.next_load_id();

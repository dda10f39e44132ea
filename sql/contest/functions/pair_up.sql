-- Pairs of the places that are left, the first with the next it has not met, with the choices after it tried in turn.
create or replace function contest.pair_up(p_places integer[], p_met boolean[], p_count integer)
returns integer[]
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_rest integer[];
begin
    if cardinality(p_places) = 0 then
        return array[]::integer[];
    end if;
    for v_other in 2..cardinality(p_places) loop
        if not p_met[(p_places[1] - 1) * p_count + p_places[v_other]] then
            v_rest := contest.pair_up(p_places[2:v_other - 1] || p_places[v_other + 1:], p_met, p_count);
            if v_rest is not null then
                return array[p_places[1], p_places[v_other]] || v_rest;
            end if;
        end if;
    end loop;
    return null;
end;
$$;

comment on function contest.pair_up(integer[], boolean[], integer) is
'The places two by two; null when there is no way.';

-- revert: drop function contest.pair_up(integer[], boolean[], integer);

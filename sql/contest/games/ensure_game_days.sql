-- Creates the partitions of past or future game days for a loader, which may not create tables.
--
-- Security definer, and therefore limited: days from 1900 to two years ahead, and a hundred days per call. Existing
-- partitions are found by name, since reading the bounds of every partition takes longer the more there are. Call it in a
-- transaction of its own: new partitions stay locked until the commit. Only the coordinator of a cluster creates tables, so
-- a worker asks it.
create or replace function contest.ensure_game_days(p_days date[])
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_today date := core.utc_day(core.clock());
    v_relation regclass;
    v_day date;
    v_made integer := 0;
    v_asked record;
begin
    if cardinality(p_days) > 100 then
        raise exception '% days in one call, at most 100 are allowed', cardinality(p_days) using errcode = '22023';
    end if;
    foreach v_day in array p_days loop
        if (v_day between date '1900-01-01' and v_today + 731) is not true then
            raise exception 'game day % is outside 1900-01-01 to two years ahead', v_day using errcode = '22023';
        end if;
    end loop;
    select a.is_answered, a.answer into v_asked
    from core.ask_coordinator(format('select contest.ensure_game_days(%L)', p_days)) as a;
    if v_asked.is_answered then
        return v_asked.answer::integer;
    end if;
    -- always in this order, so that concurrent calls wait for each other and never deadlock
    foreach v_relation in array array[
        'contest.play_event', 'contest.play_participant', 'contest.play_point', 'contest.stint', 'contest.stint_player'
    ]::regclass[] loop
        v_made := v_made + core.ensure_partitions_of(v_relation, p_days);
    end loop;
    return v_made;
end;
$$;

comment on function contest.ensure_game_days(date[]) is
'Returns the number of partitions created for these days in all tables by game day. Errors: 22023 for a day out of range and for more than 100 days.';

grant execute on function contest.ensure_game_days(date[]) to stanchion_loader;

-- revert: drop function contest.ensure_game_days(date[]);

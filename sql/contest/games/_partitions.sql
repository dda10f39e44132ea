-- Returns whether each of the five tables has a partition with the usual name for a day. A session keeps its plan, because
-- contest.has_rows calls it for each game and planning the joins took most of its time.
create or replace function contest.has_named_partitions(p_played_on date)
returns boolean
language plpgsql
stable
parallel safe
set search_path = pg_catalog, pg_temp
set plan_cache_mode = 'force_generic_plan'
set enable_seqscan = off
as $$
declare
    v_parents regclass[] := array[
        'contest.play_event', 'contest.play_participant', 'contest.play_point', 'contest.stint', 'contest.stint_player'
    ]::regclass[];
    v_names text[] := array(
        select replace(parent.relation::text, '.', '__') || to_char(p_played_on, period.form)
        from unnest(v_parents) as parent (relation)
        cross join unnest(array['__YYYYMMDD', '__YYYYMM', '__YYYY']) as period (form)
    );
begin
    return (
        select count(distinct of_child.inhparent) = 5
        from pg_class as c
        cross join lateral (
            select i.inhparent
            from pg_inherits as i
            where i.inhrelid = c.oid and i.inhparent = any(v_parents) and not i.inhdetachpending
            offset 0
        ) as of_child
        where c.relname = any(v_names) and c.relnamespace = 'parts'::regnamespace
    );
end;
$$;

comment on function contest.has_named_partitions(date) is
'Returns true when each table of the rows of a game has a partition for the day, under the name that Stanchion gives it.';

grant execute on function contest.has_named_partitions(date) to stanchion_builder;

-- revert: drop function contest.has_named_partitions(date);

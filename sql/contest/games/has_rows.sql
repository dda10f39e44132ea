-- Returns whether the published rows of a game still exist, so that its facts can be computed from them.
--
-- The rows decide, and not the partition alone: an expired day exists again once another game of it is loaded. Rows that
-- a game never had, such as stints, do not matter while the partition of that table exists. The statement is planned at
-- every call: for a given day it reads one partition, and a generic plan would read all of them.
create or replace function contest.has_rows(p_tenant_id uuid, p_played_on date, p_game_key text)
returns boolean
language plpgsql
stable
parallel safe
cost 1000
set search_path = pg_catalog, pg_temp
set plan_cache_mode = 'force_custom_plan'
as $$
begin
    if not exists (
        select from contest.play_event as e
        where e.tenant_id = p_tenant_id and e.played_on = p_played_on and e.game_key = p_game_key
    ) and not exists (
        select from contest.stint as s
        where s.tenant_id = p_tenant_id and s.played_on = p_played_on and s.game_key = p_game_key
    ) then
        return false;
    end if;
    -- the five tables of a day expire one after the other
    if contest.has_named_partitions(p_played_on) then
        return true;
    end if;
    return not exists (
        select from unnest(array[
            'contest.play_event', 'contest.play_participant', 'contest.play_point', 'contest.stint', 'contest.stint_player'
        ]::regclass[]) as parent (relation)
        where not exists (
            select from pg_class as c
            join pg_namespace as n on n.oid = c.relnamespace and n.nspname = 'parts'
            join pg_inherits as i on i.inhrelid = c.oid and i.inhparent = parent.relation and not i.inhdetachpending
            where
                c.relname in (
                    replace(parent.relation::text, '.', '__') || to_char(p_played_on, '__YYYYMMDD'),
                    replace(parent.relation::text, '.', '__') || to_char(p_played_on, '__YYYYMM'),
                    replace(parent.relation::text, '.', '__') || to_char(p_played_on, '__YYYY')
                )
        ) and not exists (
            -- partitions with foreign names, as other tools create them
            select from pg_inherits as i
            join pg_class as c on c.oid = i.inhrelid
            where i.inhparent = parent.relation
                and not i.inhdetachpending
                and core.bound_days(pg_get_expr(c.relpartbound, c.oid)) @> p_played_on
        )
    );
end;
$$;

comment on function contest.has_rows(uuid, date, text) is
'Returns whether the rows of a published game exist, for tenants that the caller sees; false once the day of one of the five tables has expired.';

grant execute on function contest.has_rows(uuid, date, text) to stanchion_builder;

-- revert: drop function contest.has_rows(uuid, date, text);

-- Keeps a day of games while the marts do not contain its games, or while the archive could not restore them.
--
-- All five tables by game day use this guard. The marts contain what the last tested build recorded. The guard reads the
-- archive in schema landing, because whether a day is still needed is decided outside this schema.
create or replace function contest.guard_play_day(p_day date)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_held bigint;
    v_games record;
begin
    select r.position into v_held
    from core.stat_refresh as r
    where r.model = 'staging.tested_loads';
    select
        count(*) filter (where game.is_new) as new,
        min(game.game_key) filter (where game.is_new) as first_new,
        count(*) filter (where game.is_lost) as lost,
        min(game.game_key) filter (where game.is_lost) as first_lost
    into v_games
    from core.tenant as t
    cross join lateral (
        select
            f.game_key,
            f.load_id > coalesce(v_held, -1) as is_new,
            not exists (
                select from landing.revision as r
                where r.tenant_id = f.tenant_id and r.game_key = f.game_key and r.content_hash = f.content_hash
            ) as is_lost
        from contest.fixture as f
        where f.tenant_id = t.tenant_id and f.played_on = p_day and f.content_hash is not null
    ) as game;
    if v_games.new > 0 then
        return format(
            'games that the marts do not contain in their current revision: %s, such as %s%s',
            v_games.new, v_games.first_new, case when v_held is null then '; no build has completed yet' end
        );
    end if;
    if v_games.lost > 0 then
        return format('games whose revision is not in the archive: %s, such as %s', v_games.lost, v_games.first_lost);
    end if;
    return null;
end;
$$;

comment on function contest.guard_play_day(date) is
'Returns the games of the day that are not in the marts in their current revision, or not in the archive, as a sentence; null when the partition may be dropped.';

-- revert: drop function contest.guard_play_day(date);

-- Makes a competition. Without points of its own it is worth what the rules of the league say for a league, and
-- 1, 0.5 and 0 for a tournament.
create or replace function contest.create_competition(
    p_competition text,
    p_name text,
    p_format text,
    p_kind text default 'tournament',
    p_rounds integer default null,
    p_points numeric[] default null,
    p_season text default null,
    p_parent text default null
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_points numeric[] := coalesce(p_points, array[1, 0.5, 0]);
begin
    perform core.require_editor();
    if p_points is null and p_kind = 'league' then
        select array[r.points_win, r.points_tie, r.points_loss] into v_points
        from contest.league_rules as r
        where
            r.tenant_id = core.required_tenant()
            and core.utc_day(core.clock()) >= r.valid_from and core.utc_day(core.clock()) < r.valid_to;
    elsif cardinality(p_points) <> 3 then
        raise exception 'points are those of a win, a draw and a loss' using errcode = '22023';
    end if;
    return contest.record(
        'contest.competition', p_competition, 0, 'competition.created',
        jsonb_build_object(
            'name', p_name, 'format', p_format, 'kind', p_kind, 'rounds', p_rounds, 'season_key', p_season,
            'parent_key', p_parent, 'points_win', v_points[1], 'points_draw', v_points[2], 'points_loss', v_points[3]
        )
    );
end;
$$;

comment on function contest.create_competition(text, text, text, text, integer, numeric[], text, text) is
'The version of its stream, which is 1. Raises 40001 when there is one of that key, 22023 for points that are not three, 23514 for what no competition can be, 23503 for a season or parent that there is not, 42501 for a principal who may not.';

grant execute on function contest.create_competition(text, text, text, text, integer, numeric[], text, text) to stanchion_app;

-- revert: drop function contest.create_competition(text, text, text, text, integer, numeric[], text, text);

-- Creates a competition. Without points of its own, a league uses its league rules and a tournament 1, 0.5 and 0.
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
    v_tenant uuid := core.tenant_to_write();
    v_today date := core.utc_day(core.clock());
    v_points numeric[] := coalesce(p_points, array[1, 0.5, 0]);
begin
    perform core.require_editor();
    if p_points is null and p_kind = 'league' then
        select array[r.points_win, r.points_tie, r.points_loss] into v_points
        from contest.league_rules as r
        where
            r.tenant_id = v_tenant and v_today >= r.valid_from and v_today < r.valid_to;
    elsif cardinality(p_points) <> 3 then
        raise exception 'points must be three numbers (win, draw, loss), not %', cardinality(p_points) using errcode = '22023';
    end if;
    return contest.record_event(
        'contest.competition', p_competition, 0, 'competition.created',
        jsonb_build_object(
            'name', p_name, 'format', p_format, 'kind', p_kind, 'rounds', p_rounds, 'season_key', p_season,
            'parent_key', p_parent, 'points_win', v_points[1], 'points_draw', v_points[2], 'points_loss', v_points[3]
        )
    );
end;
$$;

comment on function contest.create_competition(text, text, text, text, integer, numeric[], text, text) is
'Returns the version of the stream of the competition, which is 1. Errors: 40001 when a competition with that key exists; 22023 when there are not three points; 23514 when a value is invalid; 23503 when the season or the parent does not exist; 42501 when the principal may not create one.';

grant execute on function contest.create_competition(text, text, text, text, integer, numeric[], text, text) to stanchion_app;

-- revert: drop function contest.create_competition(text, text, text, text, integer, numeric[], text, text);

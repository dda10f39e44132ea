-- A fixture of a competition: a new one, or a game that a load knows already and that has no score yet.
create or replace function contest.make_fixture(
    p_competition text, p_game_key text, p_round integer, p_home text, p_away text, p_at timestamptz
)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.required_tenant();
begin
    insert into contest.fixture as f (
        tenant_id, game_key, season_key, competition_key, round, home_team_key, away_team_key, played_on,
        played_on_source, status, load_id
    )
    select v_tenant, p_game_key, c.season_key, p_competition, p_round, p_home, p_away, core.utc_day(p_at), 'competition', 'scheduled', 0
    from contest.competition as c
    where c.tenant_id = v_tenant and c.competition_key = p_competition
    on conflict on constraint fixture_pk do update set
        competition_key = excluded.competition_key,
        round = excluded.round,
        home_team_key = excluded.home_team_key,
        away_team_key = excluded.away_team_key,
        -- tracked to its end, but without a score that anybody confirmed
        status = case when f.content_hash is null then 'scheduled' else 'live' end
    where f.competition_key is null and f.official_home is null;
    if not found then
        raise exception 'game % has its score or its competition already', p_game_key using errcode = '55000';
    end if;
end;
$$;

comment on function contest.make_fixture(text, text, integer, text, text, timestamptz) is
'Nothing. Raises 55000 for a game that has a score or a competition already, 23503 for a team that there is not.';

-- revert: drop function contest.make_fixture(text, text, integer, text, text, timestamptz);

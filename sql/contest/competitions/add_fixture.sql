-- Adds a fixture to a competition in which nothing is drawn: a new one, or a game that a load knows and that has
-- no score yet.
--
-- From then on its score is what is submitted and confirmed here, whatever a schedule says later.
create or replace function contest.add_fixture(
    p_competition text, p_home text, p_away text, p_game_key text default null, p_round integer default null
)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_competition contest.competition;
    v_game text;
begin
    v_competition := contest.find_competition(p_competition);
    if v_competition.format <> 'free' then
        raise exception 'its fixtures are drawn' using errcode = '55000';
    elsif p_home = p_away or (
        select count(*) <> 2
        from contest.entrant as e
        where e.tenant_id = v_tenant and e.competition_key = p_competition and e.team_key in (p_home, p_away)
    ) then
        raise exception 'a fixture is of two teams of the competition' using errcode = '22023';
    elsif exists (
        select 1
        from contest.fixture as f
        where f.tenant_id = v_tenant and f.game_key = p_game_key and (f.home_team_key, f.away_team_key) <> (p_home, p_away)
    ) then
        raise exception 'the game is of other teams' using errcode = '22023';
    end if;
    v_game := coalesce(
        p_game_key,
        (
            select format('%s/%s', p_competition, count(*) + 1)
            from contest.fixture as f
            where f.tenant_id = v_tenant and f.competition_key = p_competition
        )
    );
    perform contest.record(
        'contest.competition', p_competition, null, 'fixture.added',
        jsonb_build_object('fixture', v_game, 'round', p_round, 'home', p_home, 'away', p_away)
    );
    return v_game;
end;
$$;

comment on function contest.add_fixture(text, text, text, text, integer) is
'The key of the game. Raises 22023 for other than two teams of the competition, 55000 for a competition that is drawn and for a game that has a score or a competition, P0002 for a competition that there is not, 42501 for a principal who may not.';

grant execute on function contest.add_fixture(text, text, text, text, integer) to stanchion_app;

-- revert: drop function contest.add_fixture(text, text, text, text, integer);

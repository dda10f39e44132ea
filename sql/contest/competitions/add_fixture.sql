-- Adds a fixture to a competition without a draw: a new game, or a loaded game that has no score yet.
--
-- From then on the score of the game is the one that is submitted and confirmed, whatever a schedule contains later.
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
    v_tenant uuid := core.tenant_to_write();
    v_competition contest.competition;
    v_game text;
begin
    v_competition := contest.lock_competition(p_competition);
    if v_competition.format <> 'free' then
        raise exception 'the fixtures of % are drawn; only a competition of format free takes fixtures', p_competition using errcode = '55000';
    elsif p_home = p_away or (
        select count(*) <> 2
        from contest.entrant as e
        where e.tenant_id = v_tenant and e.competition_key = p_competition and e.team_key in (p_home, p_away)
    ) then
        raise exception 'a fixture needs two different teams of competition %, not % and %', p_competition, p_home, p_away
            using errcode = '22023';
    elsif exists (
        select 1
        from contest.fixture as f
        where f.tenant_id = v_tenant and f.game_key = p_game_key and (f.home_team_key, f.away_team_key) <> (p_home, p_away)
    ) then
        raise exception 'game % is between other teams than % and %', p_game_key, p_home, p_away using errcode = '22023';
    end if;
    v_game := coalesce(
        p_game_key,
        (
            select format('%s/%s', p_competition, count(*) + 1)
            from contest.fixture as f
            where f.tenant_id = v_tenant and f.competition_key = p_competition
        )
    );
    perform contest.record_event(
        'contest.competition', p_competition, null, 'fixture.added',
        jsonb_build_object('fixture', v_game, 'round', p_round, 'home', p_home, 'away', p_away)
    );
    return v_game;
end;
$$;

comment on function contest.add_fixture(text, text, text, text, integer) is
'Returns the key of the game. Errors: 22023 when the teams are not two teams of the competition or the game has other teams; 55000 when the competition is drawn or the game already has a score or a competition; P0002 when the competition does not exist; 42501 when the principal may not change it.';

grant execute on function contest.add_fixture(text, text, text, text, integer) to stanchion_app;

-- revert: drop function contest.add_fixture(text, text, text, text, integer);

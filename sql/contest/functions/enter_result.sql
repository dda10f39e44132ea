-- What a result is worth: entries in the ledger, and the score of the fixture, from which contest.standing reads the
-- table. A result that there was is taken back by entries of its own.
create or replace function contest.enter_result(
    p_game_key text, p_version bigint, p_home integer, p_away integer, p_at timestamptz
)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_fixture contest.fixture;
    v_competition contest.competition;
begin
    select f.* into v_fixture from contest.fixture as f where f.tenant_id = v_tenant and f.game_key = p_game_key;
    select c.* into v_competition
    from contest.competition as c
    where c.tenant_id = v_tenant and c.competition_key = v_fixture.competition_key;
    update contest.fixture as f
    set
        official_home = p_home,
        official_away = p_away,
        official_by_period = null,
        status = 'final',
        is_judged = f.content_hash is null,
        version = p_version
    where f.tenant_id = v_tenant and f.game_key = p_game_key;
    insert into contest.point_entry (
        tenant_id, competition_key, team_key, source, version, reason, opponent_team_key, game_key, round, points,
        played, won, drawn, lost, score_for, score_against, entered_at
    )
    select
        v_tenant, v_fixture.competition_key, side.team_key, p_game_key, p_version, score.reason, side.opponent, p_game_key,
        v_fixture.round, score.sign * contest.worth(v_competition, side.own, side.other), score.sign,
        score.sign * (side.own > side.other)::integer,
        score.sign * (side.own = side.other)::integer,
        score.sign * (side.own < side.other)::integer,
        score.sign * side.own, score.sign * side.other, p_at
    from (
        values ('reversal', -1, v_fixture.official_home, v_fixture.official_away), ('result', 1, p_home, p_away)
    ) as score (reason, sign, home, away)
    cross join lateral (
        values
        (v_fixture.home_team_key, v_fixture.away_team_key, score.home, score.away),
        (v_fixture.away_team_key, v_fixture.home_team_key, score.away, score.home)
    ) as side (team_key, opponent, own, other)
    where score.home is not null;
end;
$$;

comment on function contest.enter_result(text, bigint, integer, integer, timestamptz) is
'Nothing: the fixture is final with this score, and the ledger says so.';

-- revert: drop function contest.enter_result(text, bigint, integer, integer, timestamptz);

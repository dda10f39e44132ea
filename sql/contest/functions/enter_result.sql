-- What a result is worth: entries in the ledger, the lines of both teams, and the score of the fixture. A result that
-- there was is taken back by entries of its own.
--
-- The lines are locked in the order of their keys, in which every other result locks them too; late, since
-- whoever plays the same teams elsewhere waits for them up to the commit.
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
    v_side record;
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
    for v_side in
        select
            side.*,
            contest.worth(v_competition, side.own, side.other) as points,
            contest.worth(v_competition, side.was_own, side.was_other) as was_points
        from (
            values
            (
                v_fixture.home_team_key, v_fixture.away_team_key, p_home, p_away, v_fixture.official_home,
                v_fixture.official_away
            ),
            (
                v_fixture.away_team_key, v_fixture.home_team_key, p_away, p_home, v_fixture.official_away,
                v_fixture.official_home
            )
        ) as side (team_key, opponent, own, other, was_own, was_other)
        order by side.team_key
    loop
        insert into contest.point_entry (
            tenant_id, competition_key, team_key, source, version, reason, opponent_team_key, game_key, round, points,
            played, won, drawn, lost, score_for, score_against, entered_at
        )
        select
            v_tenant, v_competition.competition_key, v_side.team_key, p_game_key, p_version, score.reason,
            v_side.opponent, p_game_key, v_fixture.round, score.sign * score.points, score.sign,
            score.sign * (score.own > score.other)::integer,
            score.sign * (score.own = score.other)::integer,
            score.sign * (score.own < score.other)::integer,
            score.sign * score.own, score.sign * score.other, p_at
        from (
            values
            ('reversal', -1, v_side.was_own, v_side.was_other, v_side.was_points),
            ('result', 1, v_side.own, v_side.other, v_side.points)
        ) as score (reason, sign, own, other, points)
        where score.own is not null;
        update contest.entrant as e
        set
            points = e.points + v_side.points - coalesce(v_side.was_points, 0),
            played = e.played + (v_side.was_own is null)::integer,
            won = e.won + (v_side.own > v_side.other)::integer - coalesce((v_side.was_own > v_side.was_other)::integer, 0),
            drawn = e.drawn + (v_side.own = v_side.other)::integer - coalesce((v_side.was_own = v_side.was_other)::integer, 0),
            lost = e.lost + (v_side.own < v_side.other)::integer - coalesce((v_side.was_own < v_side.was_other)::integer, 0),
            score_for = e.score_for + v_side.own - coalesce(v_side.was_own, 0),
            score_against = e.score_against + v_side.other - coalesce(v_side.was_other, 0)
        where
            e.tenant_id = v_tenant and e.competition_key = v_competition.competition_key
            and e.team_key = v_side.team_key;
    end loop;
end;
$$;

comment on function contest.enter_result(text, bigint, integer, integer, timestamptz) is
'Nothing: the fixture is final with this score, and the ledger and the table say so.';

-- revert: drop function contest.enter_result(text, bigint, integer, integer, timestamptz);

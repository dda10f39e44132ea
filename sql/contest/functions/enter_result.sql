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
    perform 1
    from contest.entrant as e
    where e.tenant_id = v_tenant and e.competition_key = v_competition.competition_key
        and e.team_key in (v_fixture.home_team_key, v_fixture.away_team_key)
    order by e.team_key
    for no key update;
    with entry as (
        insert into contest.point_entry (
            tenant_id, competition_key, team_key, source, version, reason, opponent_team_key, game_key, round, points,
            played, won, drawn, lost, score_for, score_against, entered_at
        )
        select
            v_tenant, v_competition.competition_key, side.team_key, p_game_key, p_version, score.reason, side.opponent,
            p_game_key, v_fixture.round,
            score.sign * case sign(side.score_for - side.score_against)
                when 1 then v_competition.points_win when 0 then v_competition.points_draw else v_competition.points_loss
            end,
            score.sign,
            score.sign * (side.score_for > side.score_against)::integer,
            score.sign * (side.score_for = side.score_against)::integer,
            score.sign * (side.score_for < side.score_against)::integer,
            score.sign * side.score_for,
            score.sign * side.score_against,
            p_at
        from (
            values ('reversal', -1, v_fixture.official_home, v_fixture.official_away), ('result', 1, p_home, p_away)
        ) as score (reason, sign, home, away)
        cross join lateral (
            values
            (v_fixture.home_team_key, v_fixture.away_team_key, score.home, score.away),
            (v_fixture.away_team_key, v_fixture.home_team_key, score.away, score.home)
        ) as side (team_key, opponent, score_for, score_against)
        where score.home is not null
        returning *
    )

    update contest.entrant as e
    set
        points = e.points + net.points,
        played = e.played + net.played,
        won = e.won + net.won,
        drawn = e.drawn + net.drawn,
        lost = e.lost + net.lost,
        score_for = e.score_for + net.score_for,
        score_against = e.score_against + net.score_against
    from (
        select
            n.team_key, sum(n.points) as points, sum(n.played) as played, sum(n.won) as won, sum(n.drawn) as drawn,
            sum(n.lost) as lost, sum(n.score_for) as score_for, sum(n.score_against) as score_against
        from entry as n
        group by n.team_key
    ) as net
    where e.tenant_id = v_tenant and e.competition_key = v_competition.competition_key and e.team_key = net.team_key;
end;
$$;

comment on function contest.enter_result(text, bigint, integer, integer, timestamptz) is
'Nothing: the fixture is final with this score, and the ledger and the table say so.';

-- revert: drop function contest.enter_result(text, bigint, integer, integer, timestamptz);

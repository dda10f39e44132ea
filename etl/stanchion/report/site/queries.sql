-- name: appearances
-- The games in which each person played, of a season or without a season.
select
    f.person_key,
    array_agg(distinct f.game_key order by f.game_key) as game_keys
from marts.fact_player_game as f
where
    f.tenant_id = %(tenant)s and f.has_played and f.person_key is not null
    and (f.season_key = %(season)s or f.season_key is null)
group by f.person_key;

-- name: assists
-- Assists of some games.
select
    a.game_key,
    a.goal_event_no,
    a.person_key
from marts.fact_assist as a
where a.tenant_id = %(tenant)s and a.game_key = any(%(games)s)
order by a.game_key asc, a.goal_event_no asc, a.is_primary desc, a.player_key asc;

-- name: events
-- Goals and penalties of some games, in order.
select
    e.game_key,
    e.event_no,
    e.period,
    e.remaining_s,
    e.elapsed_s,
    e.type,
    e.detail1,
    e.detail2,
    e.credited_side as side,
    e.person_key,
    e.minutes,
    e.strength,
    e.is_empty_net,
    e.is_goal,
    e.home_score,
    e.away_score
from marts.fact_event as e
where
    e.tenant_id = %(tenant)s and e.game_key = any(%(games)s) and e.played_on between %(first)s and %(last)s
    and (e.is_goal or e.type = 'Penalty')
order by e.game_key asc, e.period asc, e.remaining_s desc nulls last, e.event_no asc;

-- name: goalie_lines
-- Numbers of the goalies of some games.
select
    f.game_key,
    f.side,
    f.player_key,
    f.person_key,
    f.decision,
    f.shots_against,
    f.saves,
    f.goals_against,
    f.save_share,
    f.xg_against,
    f.goals_saved_above_expected,
    f.seconds
from marts.fact_goalie_game as f
where f.tenant_id = %(tenant)s and f.game_key = any(%(games)s) and (f.seconds > 0 or f.shots_against > 0)
order by f.game_key asc, f.side asc, f.seconds desc nulls last, f.shots_against desc nulls last, f.player_key asc;

-- name: pairs
-- The pairs of skaters of some teams that were on the ice together for the longest time.
select
    ordered.team_key,
    ordered.first_person_key,
    ordered.second_person_key,
    ordered.games,
    ordered.seconds,
    ordered.goals_for,
    ordered.goals_against,
    ordered.corsi_for,
    ordered.corsi_against
from (
    select
        f.team_key,
        f.first_person_key,
        f.second_person_key,
        count(*) as games,
        sum(f.seconds) as seconds,
        sum(f.goals_for) as goals_for,
        sum(f.goals_against) as goals_against,
        sum(f.corsi_for) as corsi_for,
        sum(f.corsi_against) as corsi_against,
        row_number() over (
            partition by f.team_key order by sum(f.seconds) desc, f.first_person_key asc, f.second_person_key asc
        ) as nth
    from marts.fact_pair_game as f
    where f.tenant_id = %(tenant)s and f.season_key = %(season)s and f.is_counted and f.team_key = any(%(teams)s)
    group by f.team_key, f.first_person_key, f.second_person_key
) as ordered
where ordered.nth <= 60
order by ordered.team_key, ordered.nth;

-- name: persons
-- Names of the persons of a tenant.
select
    p.person_key,
    coalesce(p.person_name, p.person_key) as person_name,
    p.position,
    p.latest_jersey
from marts.dim_person as p
where p.tenant_id = %(tenant)s;

-- name: player_lines
-- Numbers of the players of some games.
select
    f.game_key,
    f.side,
    f.player_key,
    f.person_key,
    f.position,
    f.is_goalie,
    f.goals,
    f.assists,
    f.points,
    f.shots_on_goal,
    f.plus_minus,
    f.penalty_minutes,
    f.hits,
    f.blocks,
    f.faceoffs_won,
    f.faceoffs_lost,
    f.xg,
    f.seconds
from marts.fact_player_game as f
where f.tenant_id = %(tenant)s and f.game_key = any(%(games)s) and f.has_played
order by f.game_key asc, f.side asc, f.points desc nulls last, f.goals desc, f.seconds desc nulls last, f.player_key asc;

-- name: player_shots
-- Attempts of some persons in counted games of a season, and attempts against them in net.
select
    s.person_key,
    s.goalie_person_key,
    s.x,
    s.y,
    s.outcome
from marts.fact_shot as s
join marts.dim_game as g on g.tenant_id = s.tenant_id and g.game_key = s.game_key and g.is_counted
where
    s.tenant_id = %(tenant)s and s.season_key = %(season)s and s.x is not null and s.y is not null
    and (s.person_key = any(%(persons)s) or (s.goalie_person_key = any(%(persons)s) and s.outcome in ('goal', 'saved')));

-- name: shifts
-- Shifts of some games, as seconds left in the period.
select
    shifts.game_key,
    shifts.side,
    shifts.player_key,
    shifts.is_goalie,
    shifts.period,
    max(shifts.start_s) as start_s,
    min(shifts.end_s) as end_s
from (
    select
        p.game_key,
        p.side,
        p.player_key,
        p.is_goalie,
        p.period,
        s.start_s,
        s.end_s,
        count(*) filter (where p.is_new_shift) over (
            partition by p.game_key, p.side, p.player_key order by p.stint_no
        ) as shift
    from marts.fact_player_stint as p
    join marts.fact_stint as s
        on s.tenant_id = p.tenant_id and s.game_key = p.game_key and s.stint_no = p.stint_no
    where
        p.tenant_id = %(tenant)s and p.game_key = any(%(games)s) and p.played_on between %(first)s and %(last)s
        and s.game_key = any(%(games)s)
) as shifts
group by shifts.game_key, shifts.side, shifts.player_key, shifts.is_goalie, shifts.period, shifts.shift
order by shifts.game_key asc, shifts.side asc, shifts.player_key asc, shifts.period asc, start_s desc;

-- name: shots
-- Shot attempts of some games, in order.
select
    s.game_key,
    s.event_no,
    s.period,
    s.remaining_s,
    s.elapsed_s,
    s.side,
    s.person_key,
    s.x,
    s.y,
    s.outcome,
    s.shot_type,
    s.xg
from marts.fact_shot as s
where s.tenant_id = %(tenant)s and s.game_key = any(%(games)s)
order by s.game_key asc, s.period asc, s.remaining_s desc nulls last, s.event_no asc;

-- name: team_lines
-- Numbers of both teams of some games.
select f.*
from marts.fact_team_game as f
where f.tenant_id = %(tenant)s and f.game_key = any(%(games)s)
order by f.game_key, f.side;

-- name: team_shots
-- Attempts for and against some teams in counted games of a season, in squares of five feet. The shooting team attacks
-- to the right.
select
    sides.team_key,
    sides.is_own,
    floor(s.x / 5)::integer as x,
    floor(s.y / 5)::integer as y,
    count(*) as attempts,
    count(*) filter (where s.is_goal) as goals
from marts.fact_shot as s
join marts.dim_game as g on g.tenant_id = s.tenant_id and g.game_key = s.game_key and g.is_counted
cross join lateral (values (s.team_key, true), (s.opponent_team_key, false)) as sides (team_key, is_own)
where
    s.tenant_id = %(tenant)s and s.season_key = %(season)s and s.x is not null and s.y is not null
    and sides.team_key = any(%(teams)s)
group by sides.team_key, sides.is_own, floor(s.x / 5), floor(s.y / 5);

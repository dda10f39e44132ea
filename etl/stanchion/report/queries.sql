-- name: age
-- The time at which a mart was last brought up to date.
select max(r.refreshed_at) as refreshed_at
from core.stat_refresh as r
where r.model like 'marts.%%';

-- name: agreement
-- Official figures of each game of a tenant that the marts equal, by scope and column.
select
    a.game_key,
    a.scope,
    a.name,
    a.cells,
    a.equal_cells
from marts.fact_official_agreement as a
where a.tenant_id = %(tenant)s
order by a.played_on, a.game_key, a.scope, a.name;

-- name: differences
-- Official figures of each game of a tenant that differ from the marts.
select
    d.game_key,
    d.scope,
    d.side,
    d.player_key,
    d.period,
    d.name,
    d.official_value,
    d.counted_value
from marts.fact_official_difference as d
where d.tenant_id = %(tenant)s
order by d.game_key asc, d.name asc, d.scope asc, d.side desc, length(d.player_key) asc, d.player_key asc, d.period asc;

-- name: games
-- Games of a season and games without a season, with their result and whether it is trusted. The version of a game
-- contains the transactions that wrote its rows in the last marts of a build, so it changes whenever the game does.
select
    g.game_key,
    g.played_on,
    g.game_type,
    g.status,
    g.home_team_key,
    home.team_name as home_team,
    g.away_team_key,
    away.team_name as away_team,
    g.home_score,
    g.away_score,
    ending.is_overtime,
    ending.is_shootout,
    g.is_trusted,
    g.is_counted,
    q.reason,
    q.accepted_reason,
    case when q.is_swapped then q.tracked_away else q.tracked_home end as tracked_home,
    case when q.is_swapped then q.tracked_home else q.tracked_away end as tracked_away,
    case when q.is_swapped then q.official_away else q.official_home end as official_home,
    case when q.is_swapped then q.official_home else q.official_away end as official_away,
    q.goals_without_scorer,
    q.coverage,
    q.flags,
    q.is_swapped,
    ending.game_key is not null as has_plays,
    concat_ws(' ', g.xmin, q.xmin, ending.xmin, players.writers, goalies.writers, pairs.writers) as version
from marts.dim_game as g
join marts.fact_game_quality as q on q.tenant_id = g.tenant_id and q.game_key = g.game_key
left join marts.dim_team as home on home.tenant_id = g.tenant_id and home.team_key = g.home_team_key
left join marts.dim_team as away on away.tenant_id = g.tenant_id and away.team_key = g.away_team_key
left join marts.fact_team_game as ending
    on ending.tenant_id = g.tenant_id and ending.game_key = g.game_key and ending.side = 'home'
left join (
    select
        f.game_key,
        string_agg(distinct f.xmin::text, ' ' order by f.xmin::text) as writers
    from marts.fact_player_game as f
    where f.tenant_id = %(tenant)s and (f.season_key = %(season)s or f.season_key is null)
    group by f.game_key
) as players on players.game_key = g.game_key
left join (
    select
        f.game_key,
        string_agg(distinct f.xmin::text, ' ' order by f.xmin::text) as writers
    from marts.fact_goalie_game as f
    where f.tenant_id = %(tenant)s and (f.season_key = %(season)s or f.season_key is null)
    group by f.game_key
) as goalies on goalies.game_key = g.game_key
left join (
    select
        f.game_key,
        string_agg(distinct f.xmin::text, ' ' order by f.xmin::text) as writers
    from marts.fact_pair_game as f
    where f.tenant_id = %(tenant)s and (f.season_key = %(season)s or f.season_key is null)
    group by f.game_key
) as pairs on pairs.game_key = g.game_key
where g.tenant_id = %(tenant)s and (g.season_key = %(season)s or g.season_key is null)
order by g.played_on, g.game_key;

-- name: goalie_games
-- Numbers of each goalie, or of the given persons, in each counted game of a season.
select
    f.person_key,
    f.game_key,
    f.played_on,
    f.team_key,
    f.side,
    opponent.team_name as opponent,
    f.decision,
    f.shots_against,
    f.saves,
    f.goals_against,
    f.save_share,
    f.seconds,
    f.goals_saved_above_expected
from marts.fact_goalie_game as f
join marts.dim_team as opponent on opponent.tenant_id = f.tenant_id and opponent.team_key = f.opponent_team_key
where
    f.tenant_id = %(tenant)s and f.season_key = %(season)s and f.is_counted
    and (%(persons)s::text[] is null or f.person_key = any(%(persons)s::text[]))
order by f.played_on, f.game_key;

-- name: goalies
-- Totals of each goalie of a season. Goalies with enough games come first, ordered by share of saves.
select
    s.*,
    p.latest_jersey
from marts.fact_goalie_season as s
join marts.dim_person as p on p.tenant_id = s.tenant_id and p.person_key = s.person_key
where s.tenant_id = %(tenant)s and s.season_key = %(season)s and s.game_type = 'All'
order by s.has_enough_games desc, s.save_share desc nulls last, s.shots_against desc, s.person_name asc, s.person_key asc;

-- name: pairs
-- Record of each pair of teams, over all seasons.
select
    h.first_team_key,
    h.second_team_key,
    h.games,
    h.first_wins,
    h.second_wins,
    h.ties,
    h.first_goals,
    h.second_goals
from marts.head_to_head as h
where h.tenant_id = %(tenant)s;

-- name: partition_log
-- The last 100 entries of the partition log, newest first.
select
    l.happened_at,
    l.happened_by,
    l.relation,
    l.day,
    l.outcome,
    l.reason
from core.partition_log as l
order by l.log_id desc
limit 100;

-- name: recorded
-- Number of counted games of a season in which the source records a figure.
select
    teams.games,
    skaters.assists,
    skaters.plus_minus,
    skaters.penalty_minutes,
    skaters.faceoffs,
    skaters.ice_time,
    teams.power_play_goals,
    teams.missed_shots,
    goalies.goals_against,
    goalies.saves
from (
    select
        count(distinct f.game_key) as games,
        count(distinct f.game_key) filter (where f.power_play_goals is not null) as power_play_goals,
        count(distinct f.game_key) filter (where f.shots is not null) as missed_shots
    from marts.fact_team_game as f
    where f.tenant_id = %(tenant)s and f.season_key = %(season)s and f.is_counted
) as teams
cross join (
    select
        count(distinct f.game_key) filter (where f.assists is not null) as assists,
        count(distinct f.game_key) filter (where f.plus_minus is not null) as plus_minus,
        count(distinct f.game_key) filter (where f.penalty_minutes is not null) as penalty_minutes,
        count(distinct f.game_key) filter (where f.faceoffs_won is not null) as faceoffs,
        count(distinct f.game_key) filter (where f.seconds is not null) as ice_time
    from marts.fact_player_game as f
    where f.tenant_id = %(tenant)s and f.season_key = %(season)s and f.is_counted and f.has_played and not f.is_goalie
) as skaters
cross join (
    select
        count(distinct f.game_key) filter (where f.goals_against is not null) as goals_against,
        count(distinct f.game_key) filter (where f.saves is not null) as saves
    from marts.fact_goalie_game as f
    where f.tenant_id = %(tenant)s and f.season_key = %(season)s and f.is_counted
) as goalies;

-- name: seasons
-- Seasons of a tenant, latest first, with the number of games that count.
select
    s.season_key,
    s.season_name,
    s.starts_on,
    s.ends_on,
    count(g.game_key) filter (where g.is_counted) as games_counted
from marts.dim_season as s
left join marts.dim_game as g on g.tenant_id = s.tenant_id and g.season_key = s.season_key
where s.tenant_id = %(tenant)s
group by s.tenant_id, s.season_key, s.season_name, s.starts_on, s.ends_on
order by s.starts_on desc nulls last, s.season_key desc;

-- name: skater_games
-- Numbers of each skater, or of the given persons, in each counted game of a season.
select
    f.person_key,
    f.game_key,
    f.played_on,
    f.team_key,
    f.side,
    opponent.team_name as opponent,
    f.goals,
    f.assists,
    f.points,
    f.shots_on_goal,
    f.plus_minus,
    f.penalty_minutes,
    f.faceoffs_won,
    f.shifts,
    f.seconds,
    f.corsi_share,
    f.xg
from marts.fact_player_game as f
join marts.dim_team as opponent on opponent.tenant_id = f.tenant_id and opponent.team_key = f.opponent_team_key
where
    f.tenant_id = %(tenant)s and f.season_key = %(season)s and f.is_counted and f.has_played and not f.is_goalie
    and (%(persons)s::text[] is null or f.person_key = any(%(persons)s::text[]))
order by f.played_on, f.game_key;

-- name: skaters
-- Totals of each skater of a season, most points first.
select
    s.*,
    p.position,
    p.latest_jersey
from marts.fact_player_season as s
join marts.dim_person as p on p.tenant_id = s.tenant_id and p.person_key = s.person_key
where s.tenant_id = %(tenant)s and s.season_key = %(season)s and s.game_type = 'All'
order by s.points_rank asc nulls last, s.goals desc, s.person_name asc, s.person_key asc;

-- name: standings
-- Standings of a season: over all games, and per game type.
select
    s.game_type,
    s.place,
    s.team_key,
    s.team_name,
    s.games,
    s.wins,
    s.losses,
    s.ties,
    s.overtime_losses,
    s.shootout_losses,
    s.regular_wins,
    rules.has_regular_wins,
    s.points,
    s.goals_for,
    s.goals_against,
    s.goal_difference,
    s.last_five,
    s.streak
from marts.standings as s
cross join (
    select coalesce(bool_or(r.points_regular_win > 0), false) as has_regular_wins
    from marts.dim_league_rules as r
    where r.tenant_id = %(tenant)s
) as rules
where s.tenant_id = %(tenant)s and s.season_key = %(season)s
order by array_position(array['All', 'Regular', 'Playoffs'], s.game_type), s.place, s.team_name;

-- name: team_games
-- Numbers of each team in each counted game of a season.
select
    f.team_key,
    f.game_key,
    f.played_on,
    f.side,
    f.opponent_team_key,
    opponent.team_name as opponent,
    f.score_for,
    f.score_against,
    f.result,
    f.goals,
    f.shots,
    f.shots_on_goal,
    f.shots_missed,
    f.shots_blocked,
    f.shots_against,
    f.power_plays,
    f.power_play_goals,
    f.power_plays_against,
    f.power_play_goals_against,
    f.xg,
    f.xg_against,
    case f.result
        when 'W' then rules.points_win + case when f.is_overtime or f.is_shootout then 0 else rules.points_regular_win end
        when 'T' then rules.points_tie
        when 'L' then rules.points_loss
        else rules.points_overtime_loss
    end as points
from marts.fact_team_game as f
join marts.dim_team as opponent on opponent.tenant_id = f.tenant_id and opponent.team_key = f.opponent_team_key
left join marts.dim_league_rules as rules
    on rules.tenant_id = f.tenant_id and f.played_on >= rules.valid_from and f.played_on < rules.valid_to
where f.tenant_id = %(tenant)s and f.season_key = %(season)s and f.is_counted
order by f.played_on, f.game_key;

-- name: teams
-- Totals and the colour of each team of a season.
select
    s.*,
    d.colour
from marts.fact_team_season as s
left join marts.dim_team as d on d.tenant_id = s.tenant_id and d.team_key = s.team_key
where s.tenant_id = %(tenant)s and s.season_key = %(season)s and s.game_type = 'All'
order by s.team_name, s.team_key;

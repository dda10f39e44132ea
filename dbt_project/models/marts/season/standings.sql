{{ config(materialized='secure_view') }}

with

lines as (

    select
        games.tenant_id,
        games.season_key,
        of_type.game_type,
        games.team_key,
        games.result,
        games.score_for,
        games.score_against,
        games.result = 'W' and not games.is_overtime and not games.is_shootout as is_regular_win,
        case games.result
            when 'W' then
                league_rules.points_win
                + case when games.is_overtime or games.is_shootout then 0 else league_rules.points_regular_win end
            when 'T' then league_rules.points_tie
            when 'OTL' then league_rules.points_overtime_loss
            when 'SOL' then league_rules.points_overtime_loss
            else league_rules.points_loss
        end as points,
        row_number() over latest as ago,
        first_value(games.result) over latest as latest_result
    from {{ ref('fact_team_game') }} as games
    join {{ ref('dim_league_rules') }} as league_rules
        on
            league_rules.tenant_id = games.tenant_id
            -- For an application tenant_id is a constant, which is no condition of a hash join: the rules would be read
            -- for each game.
            and league_rules.tenant_id::text = games.tenant_id::text
            and games.played_on >= league_rules.valid_from
            and games.played_on < league_rules.valid_to
    {{ of_each_type('games') }}
    where games.is_counted
    window latest as (
        partition by games.tenant_id, games.season_key, of_type.game_type, games.team_key
        order by games.played_on desc, games.game_key desc
    )

),

streaks as (

    select
        lines.*,
        -- counted backwards from the latest game: 0 while the results equal the latest one
        count(*) filter (where lines.result <> lines.latest_result) over (
            partition by lines.tenant_id, lines.season_key, lines.game_type, lines.team_key order by lines.ago
        ) as changes
    from lines

),

totals as (

    select
        tenant_id,
        season_key,
        game_type,
        team_key,
        count(*)::integer as games,
        {{ results('result') }},
        (count(*) filter (where is_regular_win))::integer as regular_wins,
        sum(points)::numeric(9, 2) as points,
        sum(score_for)::integer as goals_for,
        sum(score_against)::integer as goals_against,
        sum(score_for - score_against)::integer as goal_difference,
        max(latest_result) || count(*) filter (where changes = 0) as streak,
        string_agg(left(result, 1), '' order by ago desc) filter (where ago <= 5) as last_five
    from streaks
    group by tenant_id, season_key, game_type, team_key

)

select
    totals.tenant_id,
    totals.season_key,
    totals.game_type,
    totals.team_key,
    teams.team_name,
    totals.games,
    totals.wins,
    totals.losses,
    totals.ties,
    totals.overtime_losses,
    totals.points,
    totals.goals_for,
    totals.goals_against,
    totals.goal_difference,
    totals.streak,
    totals.last_five,
    (rank() over (
        partition by totals.tenant_id, totals.season_key, totals.game_type
        order by totals.points desc, totals.wins desc, totals.goal_difference desc, totals.goals_for desc
    ))::integer as place,
    totals.shootout_losses,
    totals.regular_wins
from totals
left join {{ ref('dim_team') }} as teams on teams.tenant_id = totals.tenant_id and teams.team_key = totals.team_key

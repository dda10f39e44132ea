{{ config(materialized='secure_view') }}

with

pairs as (

    select
        tenant_id,
        team_key as first_team_key,
        opponent_team_key as second_team_key,
        count(*)::integer as games,
        (count(*) filter (where score_for > score_against))::integer as first_wins,
        (count(*) filter (where score_for < score_against))::integer as second_wins,
        (count(*) filter (where score_for = score_against))::integer as ties,
        sum(score_for)::integer as first_goals,
        sum(score_against)::integer as second_goals,
        max(played_on) as last_played_on
    from {{ ref('fact_team_game') }}
    -- fact_team_game has a row for each team of a game; this keeps the row of the lesser key
    where is_counted and team_key < opponent_team_key
    group by tenant_id, team_key, opponent_team_key

)

select
    pairs.tenant_id,
    pairs.first_team_key,
    first_teams.team_name as first_team_name,
    pairs.second_team_key,
    second_teams.team_name as second_team_name,
    pairs.games,
    pairs.first_wins,
    pairs.second_wins,
    pairs.ties,
    pairs.first_goals,
    pairs.second_goals,
    pairs.last_played_on
from pairs
left join {{ ref('dim_team') }} as first_teams
    on first_teams.tenant_id = pairs.tenant_id and first_teams.team_key = pairs.first_team_key
left join {{ ref('dim_team') }} as second_teams
    on second_teams.tenant_id = pairs.tenant_id and second_teams.team_key = pairs.second_team_key

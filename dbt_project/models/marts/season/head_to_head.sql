{{ config(materialized='secure_view') }}

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

{{ config(materialized='secure_view') }}

select
    tenant_id,
    team_key as first_team_key,
    max(team_name) as first_team_name,
    opponent_team_key as second_team_key,
    max(opponent_team_name) as second_team_name,
    count(*)::integer as games,
    count(distinct competition_key)::integer as competitions,
    (count(*) filter (where result = 'W'))::integer as first_wins,
    (count(*) filter (where result = 'L'))::integer as second_wins,
    (count(*) filter (where result = 'T'))::integer as ties,
    sum(score_for)::integer as first_score,
    sum(score_against)::integer as second_score,
    max(decided_at) as last_decided_at
from {{ ref('fact_competition_game') }}
-- fact_competition_game has a row for each team of a fixture; this keeps the row of the lesser key
where team_key < opponent_team_key
group by tenant_id, team_key, opponent_team_key

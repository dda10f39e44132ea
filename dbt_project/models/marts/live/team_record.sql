{{ config(materialized='secure_view') }}

select
    tenant_id,
    team_key,
    max(team_name) as team_name,
    count(distinct competition_key)::integer as competitions,
    count(*)::integer as games,
    (count(*) filter (where result = 'W'))::integer as wins,
    (count(*) filter (where result = 'T'))::integer as ties,
    (count(*) filter (where result = 'L'))::integer as losses,
    {{ share("count(*) filter (where result = 'W')", 'count(*)') }} as win_share,
    sum(score_for)::integer as score_for,
    sum(score_against)::integer as score_against,
    max(score_for - score_against) as best_difference,
    min(decided_at) as first_decided_at,
    max(decided_at) as last_decided_at
from {{ ref('fact_competition_game') }}
group by tenant_id, team_key

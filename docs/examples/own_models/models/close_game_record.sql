select
    tenant_id,
    season_key,
    team_key,
    (count(*) filter (where abs(score_for - score_against) <= 1))::integer as games,
    (count(*) filter (where score_for - score_against = 1))::integer as wins
from {{ ref('stanchion', 'fact_team_game') }}
where is_counted and season_key is not null
group by tenant_id, season_key, team_key

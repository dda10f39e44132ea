{{ config(materialized='secure_view') }}

-- In each competition, a player has the results of the team that they are entered for.
select
    players.tenant_id,
    players.person_key,
    max(players.person_name) as person_name,
    count(distinct games.competition_key)::integer as competitions,
    count(distinct games.team_key)::integer as teams,
    count(*)::integer as games,
    (count(*) filter (where games.result = 'W'))::integer as wins,
    (count(*) filter (where games.result = 'T'))::integer as ties,
    (count(*) filter (where games.result = 'L'))::integer as losses,
    {{ share("count(*) filter (where games.result = 'W')", 'count(*)') }} as win_share,
    sum(games.score_for)::integer as score_for,
    sum(games.score_against)::integer as score_against,
    max(games.score_for - games.score_against) as best_difference,
    min(games.decided_at) as first_decided_at,
    max(games.decided_at) as last_decided_at
from {{ ref('dim_competition_player') }} as players
join {{ ref('fact_competition_game') }} as games
    on
        games.tenant_id = players.tenant_id
        and games.competition_key = players.competition_key
        and games.team_key = players.team_key
group by players.tenant_id, players.person_key

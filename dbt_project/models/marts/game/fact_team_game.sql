{{ config(indexes=[
    {'columns': ['tenant_id', 'season_key', 'team_key']},
    {'columns': ['tenant_id', 'team_key', 'played_on']},
]) }}

with

games as (

    {{ changed_games() }}

)

select
    games.tenant_id,
    games.game_key,
    games.played_on,
    games.season_key,
    games.game_type,
    quality.is_counted,
    teams.*
from games
{{ with_quality() }}
cross join lateral (
    {{ teams_of_game() }}
) as teams
where games.has_events

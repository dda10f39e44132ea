{{ config(indexes=[
    {'columns': ['tenant_id', 'person_key', 'played_on']},
    {'columns': ['tenant_id', 'season_key', 'team_key']},
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
    players.*
from games
{{ with_quality() }}
cross join lateral (
    {{ players_of_game() }}
) as players

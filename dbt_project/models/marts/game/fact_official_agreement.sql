{{ config(indexes=[
    {'columns': ['tenant_id', 'season_key', 'name']},
]) }}

with

games as (

    {{ changed_games() }}

)

select
    games.tenant_id,
    games.game_key,
    cells.scope,
    cells.name,
    games.played_on,
    games.season_key,
    games.game_type,
    count(*)::integer as cells,
    (count(*) filter (where cells.official_value = cells.counted_value))::integer as equal_cells,
    jsonb_agg(
        jsonb_build_object(
            'side', cells.side, 'player_key', cells.player_key, 'period', cells.period,
            'official_value', cells.official_value, 'counted_value', cells.counted_value
        )
        order by cells.side, cells.player_key, cells.period
    ) filter (where cells.official_value is distinct from cells.counted_value) as differences
from games
cross join lateral (
    {{ official_cells_of_game(
        rows_of_game(ref('fact_player_game')), rows_of_game(ref('fact_goalie_game')), rows_of_game(ref('fact_team_game'))
    ) }}
) as cells
group by games.tenant_id, games.game_key, cells.scope, cells.name, games.played_on, games.season_key, games.game_type

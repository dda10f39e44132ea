{{ config(indexes=[
    {'columns': ['tenant_id', 'game_key', 'scope', 'name'], 'unique': true},
    {'columns': ['tenant_id', 'season_key', 'name']},
]) }}

with

games as (

    {{ changed_games() }}

),

cells as (

    {{ official_cells() }}

)

select
    tenant_id,
    game_key,
    scope,
    name,
    played_on,
    season_key,
    game_type,
    count(*)::integer as cells,
    (count(*) filter (where official_value = counted_value))::integer as equal_cells
from cells
group by tenant_id, game_key, scope, name, played_on, season_key, game_type

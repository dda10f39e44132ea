{{ config(
    indexes=[
        {'columns': ['tenant_id', 'game_key', 'scope', 'side', 'player_key', 'period', 'name'], 'unique': true},
        {'columns': ['tenant_id', 'season_key', 'name']},
    ],
    post_hook="{{ distrust_differing_games() }}"
) }}

-- The post-hook updates and reads these:
-- depends_on: {{ ref('fact_game_quality') }}
-- depends_on: {{ ref('fact_pair_game') }}
-- depends_on: {{ ref('stg_contest__league_rules') }}
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
    side,
    player_key,
    period,
    name,
    played_on,
    season_key,
    game_type,
    official_value,
    counted_value
from cells
where official_value is distinct from counted_value

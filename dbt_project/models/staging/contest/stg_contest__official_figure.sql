select
    tenant_id,
    game_key,
    scope,
    side,
    player_key,
    period,
    name,
    value
from {{ source('contest', 'official_figure') }}

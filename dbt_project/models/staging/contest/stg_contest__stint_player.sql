select
    tenant_id,
    played_on,
    game_key,
    stint_no,
    side,
    slot,
    {{ player_key() }} as player_key,
    name as person_name,
    person_key
from {{ source('contest', 'stint_player') }}

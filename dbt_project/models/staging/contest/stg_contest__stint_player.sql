select
    tenant_id,
    played_on,
    game_key,
    stint_no,
    side,
    slot,
    jersey,
    name as person_name,
    person_key
from {{ source('contest', 'stint_player') }}

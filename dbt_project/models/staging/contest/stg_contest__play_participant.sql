select
    tenant_id,
    played_on,
    game_key,
    event_no,
    participant_no,
    role,
    role_no,
    side,
    {{ player_key() }} as player_key,
    name as person_name,
    person_key,
    detail1,
    detail2
from {{ source('contest', 'play_participant') }}

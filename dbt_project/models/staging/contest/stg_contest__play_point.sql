select
    tenant_id,
    played_on,
    game_key,
    event_no,
    kind,
    participant_no,
    point_no,
    x,
    y
from {{ source('contest', 'play_point') }}

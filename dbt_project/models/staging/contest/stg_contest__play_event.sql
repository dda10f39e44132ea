select
    tenant_id,
    played_on,
    game_key,
    event_no,
    period,
    type,
    detail1,
    detail2,
    side,
    zone,
    success as is_success,
    start_s as remaining_s,
    linked_group,
    assist_to,
    sequence_no,
    play_no,
    is_highlight
from {{ source('contest', 'play_event') }}

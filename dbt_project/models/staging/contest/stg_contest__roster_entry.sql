select
    tenant_id,
    game_key,
    side,
    entry_no,
    -- a line without jersey and id is no participant of an event
    coalesce(nullif({{ player_key() }}, ''), 'id:') as player_key,
    person_key,
    name as person_name,
    position
from {{ source('contest', 'roster_entry') }}

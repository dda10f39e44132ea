select
    tenant_id,
    game_key,
    side,
    entry_no,
    jersey,
    person_key,
    name as person_name,
    position
from {{ source('contest', 'roster_entry') }}

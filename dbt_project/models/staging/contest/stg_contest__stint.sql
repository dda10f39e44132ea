select
    tenant_id,
    played_on,
    game_key,
    stint_no,
    period,
    start_s,
    end_s,
    stoppage_s,
    start_type,
    stop_type
from {{ source('contest', 'stint') }}

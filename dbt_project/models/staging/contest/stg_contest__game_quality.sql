select
    tenant_id,
    game_key,
    coverage,
    flags,
    agrees,
    accepted_by,
    accepted_reason,
    accepted_at
from {{ source('contest', 'game_quality') }}

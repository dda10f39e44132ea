select
    tenant_id,
    load_id,
    state,
    started_at,
    finished_at
from {{ source('landing', 'load_batch') }}

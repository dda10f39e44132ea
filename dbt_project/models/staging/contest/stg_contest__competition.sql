select
    tenant_id,
    competition_key,
    name as competition_name,
    kind,
    format,
    season_key
from {{ source('contest', 'competition') }}

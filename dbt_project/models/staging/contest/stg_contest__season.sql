select
    tenant_id,
    season_key,
    name as season_name,
    starts_on,
    ends_on
from {{ source('contest', 'season') }}

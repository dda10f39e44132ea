select
    tenant_id,
    team_key,
    name as team_name
from {{ source('contest', 'team') }}

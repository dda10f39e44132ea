select
    tenant_id,
    team_key,
    name as team_name,
    colour
from {{ source('contest', 'team') }}

select
    tenant_id,
    competition_key,
    person_key,
    team_key
from {{ source('contest', 'player') }}

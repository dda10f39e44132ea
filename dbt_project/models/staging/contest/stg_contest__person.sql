select
    tenant_id,
    person_key,
    name as person_name,
    position
from {{ source('contest', 'person') }}

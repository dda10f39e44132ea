{{ config(
    materialized='write_differences',
    unique_key=['tenant_id', 'competition_key', 'person_key'],
    always=true,
    indexes=[
        {'columns': ['tenant_id', 'person_key']},
    ]
) }}

-- Computed at every build, because players enter competitions without a load.
select
    players.tenant_id,
    players.competition_key,
    players.person_key,
    people.person_name,
    players.team_key
from {{ ref('stg_contest__player') }} as players
join {{ ref('stg_contest__person') }} as people
    on people.tenant_id = players.tenant_id and people.person_key = players.person_key

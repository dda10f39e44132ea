{{ config(
    incremental_strategy='sync',
    unique_key=['tenant_id', 'season_key'],
    indexes=[{'columns': ['tenant_id', 'season_key'], 'unique': true}]
) }}

select
    seasons.tenant_id,
    seasons.season_key,
    seasons.season_name,
    seasons.starts_on,
    seasons.ends_on
from {{ ref('stg_contest__season') }} as seasons
where seasons.tenant_id in ({{ changed_tenants() }})

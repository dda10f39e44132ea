{{ config(
    materialized='write_differences',
    unique_key=['tenant_id', 'season_key']
) }}

select
    seasons.tenant_id,
    seasons.season_key,
    seasons.season_name,
    seasons.starts_on,
    seasons.ends_on
from ({{ changed_tenants() }}) as changed
cross join lateral (
    select *
    from {{ ref('stg_contest__season') }} as of_tenant
    where of_tenant.tenant_id = changed.tenant_id
    offset 0
) as seasons

{{ config(
    materialized='write_differences',
    unique_key=['tenant_id', 'team_key']
) }}

-- All teams of every tenant with a load in the window, because a load may rename a team.
select
    teams.tenant_id,
    teams.team_key,
    teams.team_name,
    teams.colour
from ({{ changed_tenants() }}) as changed
cross join lateral (
    select *
    from {{ ref('stg_contest__team') }} as of_tenant
    where of_tenant.tenant_id = changed.tenant_id
    offset 0
) as teams

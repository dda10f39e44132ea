{{ config(
    incremental_strategy='sync',
    unique_key=['tenant_id', 'team_key'],
    indexes=[{'columns': ['tenant_id', 'team_key'], 'unique': true}]
) }}

-- Of every tenant with a load in the window, since a load may rename.
select
    teams.tenant_id,
    teams.team_key,
    teams.team_name
from ({{ changed_tenants() }}) as changed
cross join lateral (
    select *
    from {{ ref('stg_contest__team') }} as of_tenant
    where of_tenant.tenant_id = changed.tenant_id
    offset 0
) as teams

{{ config(
    materialized='write_differences',
    unique_key=['tenant_id'],
    always=true
) }}

-- Each source is aggregated before the join. After a join, each member would be counted once for each document.
with

clock as materialized (

    select core.utc_month(core.clock()) as month

),

members as (

    select
        members.tenant_id,
        count(*) filter (where members.is_active) as members,
        max(members.last_active_at) as last_at
    from {{ ref('stg_core__membership') }} as members
    group by members.tenant_id

),

documents as (

    select
        documents.tenant_id,
        count(*) as documents,
        max(documents.updated_at) as last_at
    from {{ ref('stg_workspace__document') }} as documents
    group by documents.tenant_id

),

datasets as (

    select
        datasets.tenant_id,
        count(*) as datasets,
        max(datasets.updated_at) as last_at
    from {{ ref('stg_workspace__dataset') }} as datasets
    group by datasets.tenant_id

),

usage as (

    select
        days.tenant_id,
        sum(days.calls)::bigint as calls,
        sum(days.tokens)::bigint as tokens,
        sum(days.cost) as cost,
        sum(days.cost) filter (where days.used_on >= clock.month) as month_cost,
        max(days.last_used_at) as last_at
    from {{ ref('fact_usage_day') }} as days
    cross join clock
    group by days.tenant_id

)

select
    tenants.tenant_id,
    tenants.tenant_name,
    tenants.tenant_kind,
    coalesce(members.members, 0) as members,
    coalesce(documents.documents, 0) as documents,
    coalesce(datasets.datasets, 0) as datasets,
    coalesce(usage.calls, 0) as calls,
    coalesce(usage.tokens, 0) as tokens,
    coalesce(usage.cost, 0)::numeric(24, 9) as cost,
    clock.month,
    coalesce(usage.month_cost, 0)::numeric(24, 9) as month_cost,
    greatest(members.last_at, documents.last_at, datasets.last_at, usage.last_at) as last_activity_at
from {{ ref('stg_core__tenant') }} as tenants
cross join clock
left join members on members.tenant_id = tenants.tenant_id
left join documents on documents.tenant_id = tenants.tenant_id
left join datasets on datasets.tenant_id = tenants.tenant_id
left join usage on usage.tenant_id = tenants.tenant_id

-- Statistics of every tenant as of the last refresh, for pages that show many tenants.
--
-- Each branch is aggregated before the join: joined first, each member would count once per document. The month and the
-- time of computation are columns, because the stored values are not current.
--
-- A materialized view cannot have policies, so it is in a schema without usage. workspace.tenant_stats filters it.
create materialized view hidden.tenant_stats as
with clock as materialized (
    select
        c.refreshed_at,
        core.utc_month(c.refreshed_at) as month
    from (select core.clock() as refreshed_at) as c
),

members as (
    select
        m.tenant_id,
        count(*) filter (where m.is_active) as members,
        max(m.last_active_at) as last_at
    from core.membership as m
    group by m.tenant_id
),

documents as (
    select
        d.tenant_id,
        count(*) as documents,
        max(d.updated_at) as last_at
    from workspace.document as d
    group by d.tenant_id
),

datasets as (
    select
        d.tenant_id,
        count(*) as datasets,
        max(d.updated_at) as last_at
    from workspace.dataset as d
    group by d.tenant_id
),

usage as (
    select
        u.tenant_id,
        sum(u.calls)::bigint as calls,
        sum(u.tokens)::bigint as tokens,
        sum(u.cost) as cost,
        coalesce(sum(u.cost) filter (where u.used_on >= clock.month), 0) as month_cost,
        max(u.last_used_at) as last_at
    from workspace.usage_daily as u
    cross join clock
    group by u.tenant_id
)

select
    t.tenant_id,
    coalesce(members.members, 0) as members,
    coalesce(documents.documents, 0) as documents,
    coalesce(datasets.datasets, 0) as datasets,
    coalesce(usage.calls, 0) as calls,
    coalesce(usage.tokens, 0) as tokens,
    coalesce(usage.cost, 0) as cost,
    clock.month,
    coalesce(usage.month_cost, 0) as month_cost,
    greatest(members.last_at, documents.last_at, datasets.last_at, usage.last_at) as last_activity_at,
    clock.refreshed_at
from core.tenant as t
cross join clock
left join members on members.tenant_id = t.tenant_id
left join documents on documents.tenant_id = t.tenant_id
left join datasets on datasets.tenant_id = t.tenant_id
left join usage on usage.tenant_id = t.tenant_id;
comment on materialized view hidden.tenant_stats is 'One row per tenant: its statistics as of refreshed_at.';

-- serves: refreshing without blocking readers, and workspace.tenant_stats
-- squawk-ignore require-concurrent-index-creation
create unique index tenant_stats_tenant_idx on hidden.tenant_stats (tenant_id);

-- revert: drop materialized view hidden.tenant_stats;

-- Returns the tenant with its current statistics, for its members. It reads as the caller, subject to the policies.
--
-- Each number is a query of its own: joined, each member would count once per document.
create or replace function workspace.tenant_summary()
returns table (
    tenant_id uuid,
    name text,
    members bigint,
    documents bigint,
    datasets bigint,
    calls bigint,
    tokens bigint,
    cost numeric,
    month date,
    month_cost numeric,
    last_activity_at timestamptz
)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_month date := core.utc_month(core.clock());
begin
    if core.current_principal() is not null and core.member_role() is null then
        return;
    end if;
    return query
    select
        t.tenant_id,
        t.name,
        m.members,
        d.documents,
        s.datasets,
        u.calls,
        u.tokens,
        u.cost,
        v_month,
        u.month_cost,
        greatest(m.last_at, d.last_at, s.last_at, u.last_at)
    from core.tenant as t
    cross join (
        select count(*) filter (where i.is_active) as members, max(i.last_active_at) as last_at
        from core.membership as i
        where i.tenant_id = v_tenant
    ) as m
    cross join (
        select
            (select count(*) from workspace.document as i where i.tenant_id = v_tenant) as documents,
            (select max(i.updated_at) from workspace.document as i where i.tenant_id = v_tenant) as last_at
    ) as d
    cross join (
        select count(*) as datasets, max(i.updated_at) as last_at
        from workspace.dataset as i
        where i.tenant_id = v_tenant
    ) as s
    cross join (
        select
            coalesce(sum(i.calls), 0)::bigint as calls,
            coalesce(sum(i.tokens), 0)::bigint as tokens,
            coalesce(sum(i.cost), 0) as cost,
            coalesce(sum(i.cost) filter (where i.used_on >= v_month), 0) as month_cost,
            max(i.last_used_at) as last_at
        from workspace.usage_daily as i
        where i.tenant_id = v_tenant
    ) as u
    where t.tenant_id = v_tenant;
end;
$$;

comment on function workspace.tenant_summary() is
'Returns one row; no row for a principal without an active membership. Errors: 42501 when no tenant is set.';

grant execute on function workspace.tenant_summary() to stanchion_app;

-- revert: drop function workspace.tenant_summary();

-- Returns the tenant of a host name. Security definer, because callers have no tenant yet.
create or replace function core.tenant_for_domain(p_domain text)
returns uuid
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select d.tenant_id
        from core.tenant_domain as d
        join core.tenant as t on t.tenant_id = d.tenant_id
        where d.domain = lower(p_domain) and t.status = 'active'
    );
end;
$$;

comment on function core.tenant_for_domain(text) is
'Returns the active tenant of a host name; null, and never a default tenant, for an unknown host name.';

grant execute on function core.tenant_for_domain(text) to stanchion_app;

-- revert: drop function core.tenant_for_domain(text);

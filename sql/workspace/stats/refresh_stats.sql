-- Computes the stats of all tenants anew, while others read those from before. For operators: for anybody
-- else the policies would let one tenant's rows through, and the others' stats would be nothing.
create or replace function workspace.refresh_stats()
returns timestamptz
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if not core.is_operator() then
        raise exception 'only an operator sees every tenant' using errcode = '42501';
    end if;
    refresh materialized view concurrently hidden.tenant_stats;
    return (select max(s.refreshed_at) from hidden.tenant_stats as s);
end;
$$;

comment on function workspace.refresh_stats() is
'When they were computed; null without any tenant. Raises 42501 for who is no operator.';

-- revert: drop function workspace.refresh_stats();

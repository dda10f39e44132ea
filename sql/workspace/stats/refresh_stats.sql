-- Computes the statistics of all tenants again while readers see the previous ones. For operators: for other callers the
-- policies would hide the rows of other tenants, and their statistics would be zero.
create or replace function workspace.refresh_stats()
returns timestamptz
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if not core.is_operator() then
        raise exception 'only an operator may refresh the statistics of every tenant' using errcode = '42501';
    end if;
    refresh materialized view concurrently hidden.tenant_stats;
    return (select max(s.refreshed_at) from hidden.tenant_stats as s);
end;
$$;

comment on function workspace.refresh_stats() is
'Returns the time of the computation; null without any tenant. Errors: 42501 when the caller is not an operator.';

-- revert: drop function workspace.refresh_stats();

-- Whether the tenant may use a feature now. Decided when it is asked: a subscription that ended a second ago
-- is over, and nothing had to be run for that.
create or replace function workspace.entitled(p_feature text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return (select f.is_entitled from workspace.in_force(p_feature) as f);
end;
$$;

comment on function workspace.entitled(text) is
'True when a plan in force has the feature; how much of it is left, workspace.record_usage says. Raises 42501 without a tenant.';

grant execute on function workspace.entitled(text) to stanchion_app;

-- revert: drop function workspace.entitled(text);

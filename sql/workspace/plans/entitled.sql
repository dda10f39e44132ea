-- Returns whether the tenant may use a feature now. It is decided at the call: a subscription that ended a second ago no
-- longer counts, without any job.
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
'Returns true when a current plan has the feature; workspace.record_usage returns the remaining uses. Errors: 42501 when no tenant is set.';

grant execute on function workspace.entitled(text) to stanchion_app;

-- revert: drop function workspace.entitled(text);

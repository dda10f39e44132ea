-- Returns the address of the caller, who may have no principal yet: invitations are matched by it. Claims with an
-- address that they mark as not verified are ignored.
create or replace function core.current_email()
returns text
language plpgsql
stable
parallel restricted
set search_path = pg_catalog, pg_temp
as $$
declare
    v_claims jsonb := core.jwt_claims();
begin
    return lower(coalesce(
        nullif(current_setting('app.email', true), ''),
        case when coalesce(v_claims ->> 'email_verified', 'true') = 'true' then nullif(v_claims ->> 'email', '') end
    ));
end;
$$;

comment on function core.current_email() is
'Returns the address of the session in lower case: the setting app.email, else the email of the JWT claims; null when absent or not verified.';

grant execute on function core.current_email() to stanchion_app;

-- revert: drop function core.current_email();

-- Returns the JWT claims of the caller, in the setting that PostgREST and Supabase use. They are parsed only here.
--
-- Parallel restricted: the exception handler needs a subtransaction, which a parallel worker cannot start.
create or replace function core.jwt_claims()
returns jsonb
language plpgsql
stable
parallel restricted
set search_path = pg_catalog, pg_temp
as $$
begin
    return nullif(current_setting('request.jwt.claims', true), '')::jsonb;
exception when data_exception or statement_too_complex or program_limit_exceeded then
    return null;
end;
$$;

comment on function core.jwt_claims() is
'Returns the JWT claims of the request; null when there are none or they are not JSON.';

grant execute on function core.jwt_claims() to stanchion_app, stanchion_loader, stanchion_builder;

-- revert: drop function core.jwt_claims();

-- The claims of the caller's token, as PostgREST and Supabase set them: the one place that parses
-- them.
--
-- The exception handler needs a subtransaction, which a parallel worker cannot start: hence
-- parallel restricted.
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
'The claims of the token that came with the request; null when there is none or it cannot be read.';

grant execute on function core.jwt_claims() to stanchion_app, stanchion_loader, stanchion_builder;

-- revert: drop function core.jwt_claims();

-- Says for whom the rest of the transaction acts. Local to it: a pooler hands the connection to
-- somebody else afterwards.
create or replace function core.set_context(p_claims jsonb)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    perform set_config('app.tenant_id', '', true),
        set_config('app.principal_id', '', true),
        set_config('request.jwt.claims', coalesce(p_claims::text, ''), true);
end;
$$;

comment on function core.set_context(jsonb) is
'Makes the claims those of the transaction, and forgets any tenant and principal set before; null forgets everything.';

grant execute on function core.set_context(jsonb) to stanchion_app, stanchion_loader;

-- revert: drop function core.set_context(jsonb);

-- Sets the JWT claims of the transaction. They end with the transaction, because a pooler gives the connection to
-- another client afterwards.
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
'Returns nothing. Sets the JWT claims of the transaction and clears any tenant and principal set before; null clears everything.';

grant execute on function core.set_context(jsonb) to stanchion_app, stanchion_loader;

-- revert: drop function core.set_context(jsonb);

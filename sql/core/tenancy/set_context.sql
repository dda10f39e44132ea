-- Sets the JWT claims of the transaction. They end with the transaction, because a pooler gives the connection to
-- another client afterwards. On a cluster, set_config() would not reach the other nodes.
create or replace function core.set_context(p_claims jsonb)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    if current_setting('citus.version', true) is null then  -- three statements would cost a third of the function
        perform set_config('app.tenant_id', '', true),
            set_config('app.principal_id', '', true),
            set_config('request.jwt.claims', coalesce(p_claims::text, ''), true);
        return;
    end if;
    set local app.tenant_id = '';
    set local app.principal_id = '';
    perform core.set_local('request.jwt.claims', p_claims::text);
end;
$$;

comment on function core.set_context(jsonb) is
'Returns nothing. Sets the JWT claims of the transaction and clears any tenant and principal set before; null clears everything.';

grant execute on function core.set_context(jsonb) to stanchion_app, stanchion_loader;

-- revert: drop function core.set_context(jsonb);

-- Returns the acting principal of the transaction. It is one expression, for the reasons of core.current_tenant().
create or replace function core.current_principal()
returns uuid
language sql
stable
parallel restricted
return substring(
    coalesce(nullif(current_setting('app.principal_id', true), ''), core.jwt_claims() ->> 'sub')
    from '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$'
)::uuid;

comment on function core.current_principal() is
'Returns the principal of the session: the setting app.principal_id, else the sub of the JWT claims. Null when absent or malformed.';

grant execute on function core.current_principal() to stanchion_app, stanchion_loader, stanchion_builder;

-- needs: core.jwt_claims
-- revert: drop function core.current_principal();

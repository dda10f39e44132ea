-- Returns the tenant of the transaction. Every policy calls this function.
--
-- It is one expression without a SET clause, so that the planner inlines it: the tenant-leading index and partition
-- pruning then work as with a constant (see docs/planner.md). Text that is not a uuid becomes null, which matches no
-- row: a cast would fail, and its message would show the text. The bytes of the text are compared, because a regular
-- expression or translate() would take most of the time of the function. The cast is outside of the CASE for Citus,
-- which evaluates a cast by itself in a statement on distributed tables, also where a CASE excludes it.
create or replace function core.current_tenant()
returns uuid
language sql
stable
parallel restricted
return (
    case
        when
            current_setting('app.tenant_id', true) like '________-____-____-____-____________'
            and current_setting('app.tenant_id', true) not like '%-%-%-%-%-%'
            and ltrim(convert_to(current_setting('app.tenant_id', true), 'UTF8'), '-0123456789abcdefABCDEF'::bytea) = ''::bytea
            then current_setting('app.tenant_id', true)
        else core.jwt_tenant()
    end
)::uuid;

comment on function core.current_tenant() is
'Returns the tenant of the session: the setting app.tenant_id, else the tenant of the JWT claims. Null, which matches no row, when absent or malformed.';

grant execute on function core.current_tenant() to stanchion_app, stanchion_loader, stanchion_builder;

-- needs: core.jwt_tenant
-- revert: drop function core.current_tenant();

-- Whose data this transaction is about. Every policy asks this.
--
-- One expression without a SET clause, so that the planner puts it in the place of the call: the
-- tenant-leading index and partition pruning work as with a constant. Text that is not a uuid
-- matches nothing and so is null, where a cast would fail and its message would say too much. It is
-- recognised by its bytes: a regular expression would take most of the time, and so would translate().
create or replace function core.current_tenant()
returns uuid
language sql
stable
parallel restricted
return case
    when
        current_setting('app.tenant_id', true) like '________-____-____-____-____________'
        and current_setting('app.tenant_id', true) not like '%-%-%-%-%-%'
        and ltrim(convert_to(current_setting('app.tenant_id', true), 'UTF8'), '-0123456789abcdefABCDEF'::bytea) = ''::bytea
        then current_setting('app.tenant_id', true)::uuid
    else core.jwt_tenant()::uuid
end;

comment on function core.current_tenant() is
'The tenant of the session: the setting app.tenant_id, else the token. Null, which matches no row, when absent or malformed.';

grant execute on function core.current_tenant() to stanchion_app, stanchion_loader, stanchion_builder;

-- needs: core.jwt_tenant
-- revert: drop function core.current_tenant();

-- Whose data this transaction is about. Every policy asks this.
--
-- One expression without a SET clause, so that the planner puts it in the place of the call: the
-- tenant-leading index and partition pruning work as with a constant. Text that is not a uuid
-- matches nothing and so is null, where a cast would fail and its message would say too much.
create or replace function core.current_tenant()
returns uuid
language sql
stable
parallel restricted
return substring(
    coalesce(nullif(current_setting('app.tenant_id', true), ''), core.claimed_tenant())
    from '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$'
)::uuid;

comment on function core.current_tenant() is
'The tenant of the session: the setting app.tenant_id, else the token. Null, which matches no row, when absent or malformed.';

grant execute on function core.current_tenant() to stanchion_app, stanchion_loader, stanchion_builder;

-- revert: drop function core.current_tenant();

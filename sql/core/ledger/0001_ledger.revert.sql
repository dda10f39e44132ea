-- as-deployer
-- Drops without cascade: other objects in the schema have to be dropped first.
drop table core.catalog_record;
drop table core.module_event;
drop table core.module_ledger;
drop schema core;
alter default privileges for role stanchion_owner grant execute on functions to public;

do $$
begin
    execute format('revoke create on database %I from stanchion_owner', current_database());
end;
$$;

do $$
begin
    drop role stanchion_owner;
exception when dependent_objects_still_exist or insufficient_privilege then
    null;  -- another database of the cluster has objects of the role, or another deployer created it
end;
$$;

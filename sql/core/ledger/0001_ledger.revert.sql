-- as-deployer
-- Without cascade: whatever else is in the schema is somebody's, and has to go first.
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
    null;  -- another database of the cluster has objects of it, or another deployer made it
end;
$$;

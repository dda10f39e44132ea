-- as-deployer
-- Leaves the role when another database of the cluster still has objects of it.
drop schema core cascade;
alter default privileges for role stanchion_owner grant execute on functions to public;

do $$
begin
    execute format('revoke create on database %I from stanchion_owner', current_database());
    drop role stanchion_owner;
exception when dependent_objects_still_exist then
    null;
end;
$$;

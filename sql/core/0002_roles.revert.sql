-- as-deployer
-- Drops each role unless another database of this cluster still uses it.
do $$
declare
    v_role name;
begin
    foreach v_role in array array[
        'stanchion_dba', 'stanchion_analyst', 'stanchion_builder', 'stanchion_loader', 'stanchion_app'
    ]::name[] loop
        begin
            execute format('revoke connect, temporary on database %I from %I', current_database(), v_role);
            execute format('drop role %I', v_role);
        exception when dependent_objects_still_exist then
            null;
        end;
    end loop;
end;
$$;

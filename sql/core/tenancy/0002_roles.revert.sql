-- as-deployer
-- Drops each role unless another database of this cluster still uses it, or another deployer created it.
do $$
declare
    v_roles constant name[] := array[
        'stanchion_dba', 'stanchion_worker', 'stanchion_analyst', 'stanchion_builder', 'stanchion_loader', 'stanchion_app'
    ];
    v_role name;
    v_used integer;
begin
    select count(*) into v_used
    from pg_catalog.pg_shdepend as d
    join pg_catalog.pg_roles as r on r.oid = d.refobjid
    join pg_catalog.pg_database as b on b.oid = d.dbid and b.datname = current_database()
    where d.refclassid = 'pg_authid'::regclass and r.rolname = any (v_roles);
    if v_used > 0 then
        raise exception 'the roles still own or have grants on % objects of this database; drop those first', v_used using errcode = '2BP01';
    end if;
    foreach v_role in array v_roles loop
        -- outside the block that may fail: a failed block is undone, and a grant that stays would keep the role permanently
        execute format('revoke connect, temporary on database %I from %I', current_database(), v_role);
        begin
            execute format('drop role %I', v_role);
        exception when dependent_objects_still_exist or insufficient_privilege then
            null;
        end;
    end loop;
end;
$$;

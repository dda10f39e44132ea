-- as-deployer
-- Drops the role unless another database of this cluster still uses it, or another deployer made it.
revoke usage on schema core from stanchion_worker;

do $$
declare
    v_used integer;
begin
    -- outside the block that may fail: what fails is undone, and a right kept here keeps the role for ever
    execute format('revoke connect, temporary on database %I from stanchion_worker', current_database());
    select count(*) into v_used
    from pg_catalog.pg_shdepend as d
    join pg_catalog.pg_database as b on b.oid = d.dbid and b.datname = current_database()
    where d.refclassid = 'pg_authid'::regclass and d.refobjid = 'stanchion_worker'::regrole;
    if v_used > 0 then
        raise exception 'the role was granted % objects of this database', v_used using errcode = '2BP01';
    end if;
    begin
        drop role stanchion_worker;
    exception when dependent_objects_still_exist or insufficient_privilege then
        null;
    end;
end;
$$;

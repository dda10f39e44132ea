-- as-deployer
-- Gives the functions back to PUBLIC.
do $$
declare
    v_function regprocedure;
begin
    if not (select r.rolsuper from pg_catalog.pg_roles as r where r.rolname = current_user) then
        return;
    end if;
    for v_function in
        select p.oid::regprocedure
        from pg_catalog.pg_proc as p
        where p.pronamespace = 'pg_catalog'::regnamespace and p.proname ~ '^(pg_(try_)?advisory_|lo_|loread$|lowrite$)'
    loop
        execute format(
            'revoke execute on function %s from stanchion_owner, stanchion_app, stanchion_loader, stanchion_worker, '
            'stanchion_builder',
            v_function
        );
        if v_function::text !~ '^lo_(import|export)\(' then
            execute format('grant execute on function %s to public', v_function);
        end if;
    end loop;
end;
$$;

drop function core.restrict_server();

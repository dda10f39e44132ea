-- as-deployer
-- Takes the advisory locks and the large objects of Postgres from PUBLIC in this database.
--
-- Every login could otherwise take the locks of loads, builds, keys and partition runs, and keep other tenants waiting, or
-- take so many that the shared memory of the server is full. Postgres does not charge large objects to a tenant. Only a
-- superuser may change the privileges of these functions. Without one the deploy leaves them, and doctor names it.
set local role stanchion_owner;

create function core.restrict_server()
returns integer
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_function regprocedure;
    v_count integer := 0;
begin
    if not (select r.rolsuper from pg_roles as r where r.rolname = current_user) then
        raise exception '% is not a superuser, who alone may revoke functions of Postgres', current_user using errcode = '42501';
    end if;
    for v_function in
        select p.oid::regprocedure
        from pg_proc as p
        where p.pronamespace = 'pg_catalog'::regnamespace and p.proname ~ '^(pg_(try_)?advisory_|lo_|loread$|lowrite$)'
    loop
        execute format('revoke execute on function %s from public', v_function);
        v_count := v_count + 1;
    end loop;
    for v_function in
        select p.oid::regprocedure
        from pg_proc as p
        where p.pronamespace = 'pg_catalog'::regnamespace and p.proname ~ '^pg_(try_)?advisory_'
    loop
        execute format('grant execute on function %s to stanchion_owner', v_function);
        -- locks that end with the transaction: applications and job handlers use them, and the limits of their
        -- transactions end them
        if v_function::text ~ '_xact_' then
            execute format('grant execute on function %s to stanchion_app, stanchion_loader, stanchion_worker', v_function);
        end if;
    end loop;
    -- the lock of builds
    grant execute on function pg_try_advisory_lock(bigint), pg_advisory_unlock(bigint) to stanchion_builder;
    return v_count;
end;
$$;

comment on function core.restrict_server() is
'Returns the number of functions of Postgres (advisory locks and large objects) that PUBLIC may not execute any more. Errors: 42501 when the caller is not a superuser.';

reset role;

do $$
begin
    if (select r.rolsuper from pg_catalog.pg_roles as r where r.rolname = current_user) then
        perform core.restrict_server();
    end if;
end;
$$;

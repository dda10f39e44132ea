-- as-deployer
-- Creates the roles beside the owner. None of them can log in: the logins of services and people become members.
--
-- No role is a superuser or has BYPASSRLS: policies decide the rows that a role can see.
do $$
declare
    v_role name;
begin
    foreach v_role in array array[
        'stanchion_app', 'stanchion_loader', 'stanchion_builder', 'stanchion_analyst', 'stanchion_worker', 'stanchion_dba'
    ]::name[] loop
        begin
            execute format('create role %I nologin', v_role);
        exception when duplicate_object then
            null;  -- created for another database of this cluster
        end;
    end loop;
end;
$$;

do $$
begin
    if not pg_catalog.pg_has_role('stanchion_dba', 'stanchion_owner', 'member') then
        grant stanchion_owner to stanchion_dba;
    end if;
end;
$$;

do $$
begin
    comment on role stanchion_owner is 'Owner of every object of Stanchion except the marts. Runs partition maintenance.';
    comment on role stanchion_app is 'Applications: trusted to set the tenant of a transaction, and subject to row-level security.';
    comment on role stanchion_loader is 'The loader: writes landing and contest for one tenant at a time, subject to row-level security.';
    comment on role stanchion_builder is 'dbt: reads all tenants by explicit policies and owns the schema marts.';
    comment on role stanchion_analyst is 'People who read the marts of the tenants granted to their login.';
    comment on role stanchion_worker is 'Job workers: run the jobs of all tenants, in a transaction of one tenant at a time.';
    comment on role stanchion_dba is 'People who maintain the database: members of the owner.';
exception when insufficient_privilege then
    null;  -- another deployer of this cluster created the roles and their comments
end;
$$;

do $$
begin
    execute format(
        'grant connect, temporary on database %I to '
        || 'stanchion_app, stanchion_loader, stanchion_builder, stanchion_analyst, stanchion_worker, stanchion_dba',
        current_database()
    );
    -- The deployer creates the schema marts for the builder, which requires membership.
    if not pg_catalog.pg_has_role(current_user, 'stanchion_builder', 'usage') then
        execute format('grant stanchion_builder to %I', current_user);
    end if;
end;
$$;

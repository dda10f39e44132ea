-- as-deployer
-- Who there is besides the owner. None can log in: logins of services and people are made members.
--
-- None is superuser and none has BYPASSRLS: what a role may see is what a policy says.
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
            null;  -- made for another database of this cluster
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
    comment on role stanchion_owner is 'Owns every object of Stanchion but the marts; runs partition maintenance.';
    comment on role stanchion_app is 'Applications: trusted to say which tenant a transaction is for; everything under RLS.';
    comment on role stanchion_loader is 'The tracker ETL: writes landing and contest for one tenant at a time, under RLS.';
    comment on role stanchion_builder is 'dbt: reads all tenants by explicit policies, owns the schema marts.';
    comment on role stanchion_analyst is 'People who read marts: only of the tenants granted to their login.';
    comment on role stanchion_worker is 'Works the jobs of all tenants, in a transaction of one tenant at a time.';
    comment on role stanchion_dba is 'People who maintain the database: members of the owner.';
exception when insufficient_privilege then
    null;  -- another deployer of this cluster made the roles, and said so
end;
$$;

do $$
begin
    execute format(
        'grant connect, temporary on database %I to '
        || 'stanchion_app, stanchion_loader, stanchion_builder, stanchion_analyst, stanchion_worker, stanchion_dba',
        current_database()
    );
    -- The deployer makes the schema marts for the builder, for which it has to be a member.
    if not pg_catalog.pg_has_role(current_user, 'stanchion_builder', 'usage') then
        execute format('grant stanchion_builder to %I', current_user);
    end if;
end;
$$;

-- Prelude of the pgTAP files: tenants a and b, and functions that choose the clock, the tenant, the principal and the
-- login. A test file includes it after begin; with the line: \ir ../prelude.sql

-- Returns the uuid that ends in these digits: pg_temp.id('a') is tenant a.
create function pg_temp.id(p_digits text) returns uuid language sql immutable as $$
    select ('00000000-0000-0000-0000-' || lpad(p_digits, 12, '0'))::uuid
$$;

-- Stops core.clock() at a time.
create function pg_temp.at(p_time text) returns void language plpgsql as $$
begin
    execute format('create or replace function core.clock() returns timestamptz language sql volatile return %L::timestamptz', p_time);
end;
$$;

-- Makes a tenant the tenant of the transaction; '' clears the tenant.
create function pg_temp.as_tenant(p_digits text) returns void language sql as $$
    select set_config('app.tenant_id', case when p_digits = '' then '' else pg_temp.id(p_digits)::text end, true)
$$;

-- Makes a principal the actor of the transaction; '' clears the principal.
create function pg_temp.as_principal(p_digits text) returns void language sql as $$
    select set_config('app.principal_id', case when p_digits = '' then '' else pg_temp.id(p_digits)::text end, true)
$$;

-- Changes the login to one of an application, which is not an operator; a superuser still is one after
-- `set local role stanchion_app`. `reset session authorization` returns to the first login.
create function pg_temp.as_application() returns void language plpgsql as $$
begin
    if to_regrole('application_under_test') is null then
        create role application_under_test login in role stanchion_app;
    end if;
    perform set_config('session_authorization', 'application_under_test', true);
end;
$$;

insert into core.tenant (tenant_id, slug, name, kind) values
(pg_temp.id('a'), 'a', 'A', 'league'),
(pg_temp.id('b'), 'b', 'B', 'league');
select pg_temp.as_tenant('a');

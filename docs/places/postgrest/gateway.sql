-- Roles and functions for PostgREST or Supabase. Run this file as the login that deploys Stanchion:
--
--     stanchion psql --single-transaction -v ON_ERROR_STOP=1 -f docs/places/postgrest/gateway.sql
--
-- Supabase has the first three roles. They get no right on Stanchion's objects: gateway.before_request() checks the
-- request and only then changes the role to stanchion_web, which is a member of stanchion_app. So a gateway that does not
-- call the function can read nothing.
do $$
declare
    v_role name;
begin
    if to_regrole('authenticator') is null then
        create role authenticator login noinherit connection limit 50;
        alter role authenticator set statement_timeout = '10s';
        alter role authenticator set lock_timeout = '5s';
        alter role authenticator set idle_in_transaction_session_timeout = '60s';
    end if;
    foreach v_role in array array['anon', 'authenticated', 'stanchion_web']::name[] loop
        if to_regrole(v_role) is null then
            execute format('create role %I nologin', v_role);
        end if;
        if not pg_has_role('authenticator', v_role, 'member') then
            execute format('grant %I to authenticator', v_role);
        end if;
    end loop;
end;
$$;

grant stanchion_app to stanchion_web;

-- The gateway calls the function in this schema and exposes only the schema api.
create schema gateway;
create schema api;
grant usage on schema gateway to anon, authenticated;
grant usage on schema api to stanchion_web;

-- Chooses the tenant, the principal and the role of a request, or refuses the request.
create function gateway.before_request()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_claims jsonb := nullif(current_setting('request.jwt.claims', true), '');
    v_key text := nullif(current_setting('request.headers', true), '')::jsonb ->> 'x-api-key';
    v_has_token boolean := v_claims ->> 'role' <> 'anon';
    v_scopes text[];
begin
    if v_has_token is not true and v_key is null then
        return;  -- the role anon has no rights
    end if;
    set local role stanchion_web;
    if v_has_token then
        -- PostgREST checks the expiry and the audience of a token only if the token contains them
        if (to_timestamp((v_claims ->> 'exp')::numeric) > clock_timestamp() - interval '30 seconds') is not true then
            raise exception 'the token has expired, or has no claim exp' using errcode = 'PT401';
        elsif coalesce(v_claims -> 'aud', 'null') in ('null', '[]') then
            raise exception 'the token has no claim aud' using errcode = 'PT401';
        end if;
        perform from core.tenant as t where t.tenant_id = core.current_tenant() and t.status = 'active';
        if not found then
            raise exception 'the claim app_metadata.tenant_id names no active tenant' using errcode = 'PT403';
        end if;
        -- The sub of Supabase is not the principal of Stanchion. Functions trust a request without a principal, so a
        -- person who is not a member gets a principal that does not exist.
        perform core.set_local('app.principal_id', coalesce(
            (
                select p.principal_id
                from core.principal as p
                join core.membership as m using (tenant_id, principal_id)
                where p.tenant_id = core.current_tenant() and p.email = core.current_email() and m.is_active
            ),
            '00000000-0000-0000-0000-000000000000'
        )::text);
    else
        select k.scopes into v_scopes from core.use_api_key(v_key) as k;
        if not found then
            raise exception 'the API key is not valid' using errcode = 'PT401';
        elsif current_setting('request.method') not in ('GET', 'HEAD') and ('write' = any(v_scopes)) is not true then
            raise exception 'the API key has no scope write' using errcode = 'PT403';
        end if;
    end if;
    perform core.plan_for_marts();
end;
$$;

-- Returns the tenant of the request and the role of the member.
create function api.me()
returns table (tenant text, member_role text)
language sql
stable
begin atomic
    select t.slug, core.member_role()
    from core.tenant as t
    where t.tenant_id = core.current_tenant();
end;

-- Amends the result of a game. PostgREST answers 500 to SQLSTATE P0002, so a game that does not exist becomes a 404.
create function api.amend_result(game text, home integer, away integer, reason text)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    return contest.amend_result(game, home, away, reason);
exception when no_data_found then
    raise exception 'game % does not exist', game using errcode = 'PT404';
end;
$$;

revoke execute on all functions in schema gateway, api from public;
grant execute on function gateway.before_request() to anon, authenticated;
grant execute on all functions in schema api to stanchion_web;

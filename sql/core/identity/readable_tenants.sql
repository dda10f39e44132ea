-- Returns the tenants that the login of this connection may read. It checks session_user, which only a superuser can
-- change, so SET has no influence.
--
-- Security definer, because no role may read the grants.
create or replace function core.readable_tenants()
returns uuid[]
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_login name := session_user;
    v_role oid := (select r.oid from pg_roles as r where r.rolname = v_login);
begin
    return array(
        select g.tenant_id
        from core.analyst_grant as g
        join core.tenant as t on t.tenant_id = g.tenant_id
        where g.role_name = v_login
            and g.role_id = v_role
            and t.status = 'active'
    );
end;
$$;

comment on function core.readable_tenants() is
'Returns the active tenants granted to the login of this connection; an empty array when there are none.';

grant execute on function core.readable_tenants() to stanchion_analyst;

-- Returns whether the login of this connection may read one tenant, by the same rules. The policy of core.tenant calls it
-- for each row that the login could read when the query was planned.
create or replace function core.is_readable(p_id uuid)
returns boolean
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_login name := session_user;
    v_role oid := (select r.oid from pg_roles as r where r.rolname = v_login);
begin
    perform
    from core.analyst_grant as g
    join core.tenant as t on t.tenant_id = g.tenant_id
    where g.role_name = v_login and g.role_id = v_role and g.tenant_id = p_id and t.status = 'active';
    return found;
end;
$$;

comment on function core.is_readable(uuid) is
'Returns whether the tenant is active and granted to the login of this connection.';

grant execute on function core.is_readable(uuid) to stanchion_analyst;

-- revert: drop function core.is_readable(uuid);
-- revert: drop function core.readable_tenants();

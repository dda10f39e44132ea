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
begin
    return array(
        select g.tenant_id
        from core.analyst_grant as g
        join core.tenant as t on t.tenant_id = g.tenant_id
        where g.role_name = session_user
            and g.role_id = (select r.oid from pg_roles as r where r.rolname = session_user)
            and t.status = 'active'
    );
end;
$$;

comment on function core.readable_tenants() is
'Returns the active tenants granted to the login of this connection; an empty array when there are none.';

grant execute on function core.readable_tenants() to stanchion_analyst;

-- revert: drop function core.readable_tenants();

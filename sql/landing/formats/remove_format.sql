-- Removes a format of the tenant. Games that were read with it stay as they are.
create or replace function landing.remove_format(p_name text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
begin
    delete from landing.format as f where f.tenant_id = v_tenant and f.name = p_name;
    if not found then
        raise exception 'format % does not exist', p_name using errcode = 'P0002';
    end if;
    perform core.write_audit('format.remove', p_name);
end;
$$;

comment on function landing.remove_format(text) is
'Returns nothing. Errors: P0002 when the tenant has no format with this name; 42501 when no tenant is set.';

grant execute on function landing.remove_format(text) to stanchion_loader;

-- revert: drop function landing.remove_format(text);

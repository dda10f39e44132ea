-- Stores a format of the tenant, or replaces the one with the same name.
create or replace function landing.put_format(p_name text, p_mapping text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_login text := session_user;
    v_now timestamptz := core.clock();
begin
    insert into landing.format as f (tenant_id, name, mapping, added_by, added_at)
    values (v_tenant, p_name, p_mapping, v_login, v_now)
    on conflict on constraint format_pk do update set
        mapping = excluded.mapping,
        added_by = excluded.added_by,
        added_at = excluded.added_at
    where f.mapping <> excluded.mapping;
    if not found then
        return false;
    end if;
    perform core.write_audit(
        'format.put', p_name, jsonb_build_object('sha256', encode(sha256(convert_to(p_mapping, 'UTF8')), 'hex'))
    );
    return true;
end;
$$;

comment on function landing.put_format(text, text) is
'Returns true, or false when the tenant has this format with the same mapping. Errors: 42501 when no tenant is set; 23514 when the name is empty or the mapping is empty or larger than 256 KB.';

grant execute on function landing.put_format(text, text) to stanchion_loader;

-- revert: drop function landing.put_format(text, text);

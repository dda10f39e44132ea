-- Sets a setting of the tenant from a day on. For operators: rules are not the application's to bend.
create or replace function core.set_tenant_config(
    p_module text, p_key text, p_value jsonb, p_valid_from date default '-infinity'
)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_key core.config_key;
begin
    select k.* into v_key from core.config_key as k where k.module = p_module and k.key = p_key;
    if not found then
        raise exception 'there is no setting %.%', p_module, p_key using errcode = '22023';
    elsif p_value is null or jsonb_typeof(p_value) <> v_key.value_type then
        raise exception '%.% takes a %, not %', p_module, p_key, v_key.value_type, coalesce(p_value::text, 'null')
            using errcode = '22023';
    elsif v_key.value_type = 'number' and (p_value #>> '{}')::numeric < v_key.minimum then
        raise exception '%.% is at least %, not %', p_module, p_key, v_key.minimum, p_value
            using errcode = '22023';
    end if;
    insert into core.tenant_config as c (tenant_id, module, key, valid_from, value)
    values (core.required_tenant(), p_module, p_key, p_valid_from, p_value)
    on conflict on constraint tenant_config_pk do update set value = excluded.value, set_at = excluded.set_at;
    perform core.write_audit(
        'config.set', p_module || '.' || p_key, jsonb_build_object('value', p_value, 'valid_from', p_valid_from)
    );
end;
$$;

comment on function core.set_tenant_config(text, text, jsonb, date) is
'Makes the value hold from that day until the next one set. Raises 22023 for a setting or value that cannot be, 42501 without a tenant.';

-- revert: drop function core.set_tenant_config(text, text, jsonb, date);

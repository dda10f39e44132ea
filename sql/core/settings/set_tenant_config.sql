-- Sets a setting of the tenant from a day on. For operators, because applications must not change league rules.
create or replace function core.set_tenant_config(
    p_namespace text, p_key text, p_value jsonb, p_valid_from date default '-infinity'
)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_key core.config_key;
    v_number numeric;
    v_item jsonb;
begin
    select k.* into v_key from core.config_key as k where k.namespace = p_namespace and k.key = p_key;
    if not found then
        raise exception 'unknown setting %.%', p_namespace, p_key using errcode = '22023';
    elsif p_valid_from = 'infinity' or p_valid_from is null then
        raise exception '%.% needs a first day, not %', p_namespace, p_key, coalesce(p_valid_from::text, 'null') using errcode = '22023';
    elsif p_value is null or jsonb_typeof(p_value) <> replace(v_key.value_type, 'integer', 'number') then
        raise exception '%.% must be a %, not %',
            p_namespace, p_key, replace(v_key.value_type, 'integer', 'whole number'), coalesce(p_value::text, 'null')
            using errcode = '22023';
    elsif jsonb_typeof(p_value) = 'number' then
        v_number := (p_value #>> '{}')::numeric;
        if v_number < v_key.minimum or v_number > v_key.maximum then
            raise exception '%.% must be between % and %, not %', p_namespace, p_key, v_key.minimum, v_key.maximum, p_value
                using errcode = '22023';
        elsif v_key.value_type = 'integer' and v_number <> trunc(v_number) then
            raise exception '%.% must be a whole number, not %', p_namespace, p_key, p_value using errcode = '22023';
        elsif v_key.value_type = 'integer' then
            p_value := to_jsonb(v_number::bigint);  -- stores 1200.0 and 1.2e3 as 1200
        end if;
    end if;
    if v_key.items is not null then
        select e.value into v_item
        from jsonb_array_elements(p_value) as e (value)
        where jsonb_typeof(e.value) <> 'string' or e.value #>> '{}' <> all (v_key.items)
        limit 1;
        if found then
            raise exception '%.% cannot contain %, only: %', p_namespace, p_key, v_item, array_to_string(v_key.items, ', ')
                using errcode = '22023';
        end if;
    end if;
    insert into core.tenant_config as c (tenant_id, namespace, key, valid_from, value)
    values (v_tenant, p_namespace, p_key, p_valid_from, p_value)
    on conflict on constraint tenant_config_pk do update set value = excluded.value, set_at = excluded.set_at;
    perform core.write_audit(
        'config.set', p_namespace || '.' || p_key, jsonb_build_object('value', p_value, 'valid_from', p_valid_from)
    );
end;
$$;

comment on function core.set_tenant_config(text, text, jsonb, date) is
'Returns nothing. Sets the value from that day until the next value. Errors: 22023 when the setting is unknown or the value or day is invalid; 42501 when no tenant is set.';

-- revert: drop function core.set_tenant_config(text, text, jsonb, date);

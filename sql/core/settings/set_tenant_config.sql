-- Sets a setting of the tenant from a day on. For operators: rules are not the application's to bend.
create or replace function core.set_tenant_config(
    p_namespace text, p_key text, p_value jsonb, p_valid_from date default '-infinity'
)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_key core.config_key;
    v_number numeric;
begin
    select k.* into v_key from core.config_key as k where k.namespace = p_namespace and k.key = p_key;
    if not found then
        raise exception 'there is no setting %.%', p_namespace, p_key using errcode = '22023';
    elsif p_valid_from = 'infinity' or p_valid_from is null then
        raise exception '%.% has to hold from some day on', p_namespace, p_key using errcode = '22023';
    elsif p_value is null or jsonb_typeof(p_value) <> replace(v_key.value_type, 'integer', 'number') then
        raise exception '%.% takes a %, not %',
            p_namespace, p_key, replace(v_key.value_type, 'integer', 'whole number'), coalesce(p_value::text, 'null')
            using errcode = '22023';
    elsif jsonb_typeof(p_value) = 'number' then
        v_number := (p_value #>> '{}')::numeric;
        if v_number < v_key.minimum or v_number > v_key.maximum then
            raise exception '%.% is from % to %, not %', p_namespace, p_key, v_key.minimum, v_key.maximum, p_value
                using errcode = '22023';
        elsif v_key.value_type = 'integer' and v_number <> trunc(v_number) then
            raise exception '%.% takes a whole number, not %', p_namespace, p_key, p_value using errcode = '22023';
        elsif v_key.value_type = 'integer' then
            p_value := to_jsonb(v_number::bigint);  -- 1200.0 and 1.2e3 are 1200
        end if;
    end if;
    insert into core.tenant_config as c (tenant_id, namespace, key, valid_from, value)
    values (core.required_tenant(), p_namespace, p_key, p_valid_from, p_value)
    on conflict on constraint tenant_config_pk do update set value = excluded.value, set_at = excluded.set_at;
    perform core.write_audit(
        'config.set', p_namespace || '.' || p_key, jsonb_build_object('value', p_value, 'valid_from', p_valid_from)
    );
end;
$$;

comment on function core.set_tenant_config(text, text, jsonb, date) is
'Makes the value hold from that day until the next one set. Raises 22023 for a setting or value that cannot be, 42501 without a tenant.';

-- revert: drop function core.set_tenant_config(text, text, jsonb, date);

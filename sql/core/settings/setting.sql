-- Returns one setting of the tenant as of today, for functions that need it at every call. The typed views would
-- compute every span of days.
create or replace function core.setting(p_namespace text, p_key text)
returns jsonb
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_today date := core.utc_day(core.clock());
begin
    return (
        select coalesce(
            (
                select c.value
                from core.tenant_config as c
                where
                    c.tenant_id = v_tenant
                    and c.namespace = p_namespace
                    and c.key = p_key
                    and c.valid_from <= v_today
                order by c.valid_from desc
                limit 1
            ),
            k.default_value
        )
        from core.config_key as k
        where k.namespace = p_namespace and k.key = p_key
    );
end;
$$;

comment on function core.setting(text, text) is
'Returns the value that the tenant set, else the default; null for an unknown setting. Errors: 42501 when no tenant is set.';

-- revert: drop function core.setting(text, text);

-- Protects a relation that dbt built, inside the transaction that builds it: forces row-level security, adds the policy
-- of the builder and, in schema marts, the policies of analysts and of applications.
--
-- Takes the statistics of a mart away from the planner, which would show them to analysts.
--
-- It reads the catalog first: a relation that is already protected is not locked, so that its readers do not wait for a
-- build.
create or replace function core.secure_relation(p_relation regclass)
returns boolean
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_kind "char";
    v_is_secured boolean;
    v_is_mart boolean;
    v_is_new boolean := false;
begin
    select c.relkind, c.relrowsecurity and c.relforcerowsecurity, c.relnamespace = 'marts'::regnamespace
    into v_kind, v_is_secured, v_is_mart
    from pg_class as c
    where c.oid = p_relation;
    if v_kind is null then
        raise exception 'relation % does not exist', coalesce(p_relation::text, 'null') using errcode = '42P01';
    elsif v_kind = 'v' then
        if not exists (select from pg_class as c where c.oid = p_relation and 'security_invoker=true' = any(c.reloptions)) then
            execute format('alter view %s set (security_invoker = true)', p_relation);
            return true;
        end if;
        return false;
    elsif v_kind not in ('r', 'p') then
        raise exception '% cannot have policies: it is not a table', p_relation using errcode = '42809';
    end if;
    if not v_is_secured then
        execute format('alter table %s enable row level security, force row level security', p_relation);
        v_is_new := true;
    end if;
    if not exists (select from pg_policy as p where p.polrelid = p_relation and p.polname = 'every_tenant') then
        execute format('create policy every_tenant on %s for all to stanchion_builder using (true) with check (true)', p_relation);
        v_is_new := true;
    end if;
    if v_is_mart and not exists (select from pg_policy as p where p.polrelid = p_relation and p.polname = 'granted_tenants') then
        execute format(
            'create policy granted_tenants on %s for select to stanchion_analyst using ('
            'tenant_id = any(core.granted_tenants()) '
            'and case when tenant_id = any(core.granted_tenants()) then (select core.granted_tenants() <@ core.readable_tenants()) end)',
            p_relation
        );
        v_is_new := true;
    end if;
    if v_is_mart and not exists (select from pg_policy as p where p.polrelid = p_relation and p.polname = 'own_tenant') then
        execute format('create policy own_tenant on %s for select to stanchion_app using (tenant_id = core.current_tenant())', p_relation);
        v_is_new := true;
    end if;
    if v_is_mart and core.hide_statistics(p_relation) > 0 then
        v_is_new := true;
    end if;
    return v_is_new;
end;
$$;

comment on function core.secure_relation(regclass) is
'Returns true when a mart got missing policies or lost its statistics; false when there was nothing to do. Errors: 42809 when the relation cannot have policies; 42P01 when it does not exist.';

grant execute on function core.secure_relation(regclass) to stanchion_builder;

-- revert: drop function core.secure_relation(regclass);

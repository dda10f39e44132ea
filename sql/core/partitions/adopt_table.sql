-- Replaces a plain table by a partitioned table of the same name, with the plain table as its first partition.
--
-- `stanchion partitions adopt` calls it after it has validated the constraint stanchion_adopt on the table, from which
-- Postgres knows that every row is within the bounds. So the attach reads no row, and readers and writers wait only for
-- these statements. They find the new table by its name afterwards.
create or replace function core.adopt_table(p_relation text, p_column name, p_from date, p_until date)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
    v_old regclass := p_relation::regclass;
    v_new regclass;
    v_schema name := split_part(p_relation, '.', 1);
    v_table name := split_part(p_relation, '.', 2);
    v_child text := replace(p_relation, '.', '__') || '__adopted';
    v_statement text;
    v_index record;
begin
    execute format('lock table %s in access exclusive mode', v_old);
    execute format('create table %I.%I (like %s including all) partition by range (%I)', v_schema, v_child || '_', v_old, p_column);
    v_new := format('%I.%I', v_schema, v_child || '_')::regclass;
    -- before the old table moves: a sequence must be in the schema of the table that owns it
    for v_statement in select s.statement from core.adoption_statements(v_old, v_new) as s loop
        execute v_statement;
    end loop;
    execute format('alter table %s drop constraint stanchion_adopt', v_new);
    execute format('alter table %s rename to %I', v_old, v_child);
    execute format('alter table %s set schema parts', v_old);
    execute format('alter table %s rename to %I', v_new, v_table);
    execute format('alter table %s attach partition %s for values from (%L) to (%L)', v_new, v_old, p_from, p_until);
    execute format('alter table %s drop constraint stanchion_adopt', v_old);
    for v_index in
        select o.relname as old_name, n.oid::regclass as new_index
        from pg_inherits as i
        join pg_class as o on o.oid = i.inhrelid
        join pg_class as n on n.oid = i.inhparent
        join pg_index as x on x.indexrelid = o.oid and x.indrelid = v_old
    loop
        execute format('alter index %s rename to %I', v_index.new_index, v_index.old_name);
    end loop;
    for v_statement in
        select format('drop policy %I on %s', p.polname, v_old) from pg_policy as p where p.polrelid = v_old
        union all
        select distinct format('revoke all on %s from %s', v_old, case when a.grantee = 0 then 'public' else a.grantee::regrole::text end)
        from pg_attribute as t
        cross join lateral aclexplode(t.attacl) as a
        where t.attrelid = v_old
    loop
        execute v_statement;
    end loop;
    perform core.hide_partitions(v_new);
    execute format('revoke all on %s from stanchion_owner', v_old);
end;
$$;

comment on function core.adopt_table(text, name, date, date) is
'Returns nothing. Errors: 42704 without the constraint stanchion_adopt; 55P03 when a lock was not granted in time.';

-- Returns the statements that give a new table the sequences, rights, policies and comment of an old one.
create or replace function core.adoption_statements(p_old regclass, p_new regclass)
returns table (statement text)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select format('alter sequence %s owned by %s.%I', d.objid::regclass, p_new, a.attname)
    from pg_depend as d
    join pg_class as c on c.oid = d.objid and c.relkind = 'S'
    join pg_attribute as a on a.attrelid = p_old and a.attnum = d.refobjsubid
    where d.refobjid = p_old and d.classid = 'pg_class'::regclass and d.deptype = 'a'
    union all
    select format('revoke all on %s from %s', p_new, c.relowner::regrole)
    from pg_class as c
    where c.oid = p_old and c.relacl is not null
    union all
    select format(
        'grant %s%s on %s to %s%s',
        g.privilege_type, case when g.attname is not null then format(' (%I)', g.attname) end, p_new,
        case when g.grantee = 0 then 'public' else g.grantee::regrole::text end,
        case when g.is_grantable then ' with grant option' end
    )
    from (
        select null::name as attname, a.privilege_type, a.grantee, a.is_grantable
        from pg_class as c
        cross join lateral aclexplode(c.relacl) as a
        where c.oid = p_old
        union all
        select t.attname, a.privilege_type, a.grantee, a.is_grantable
        from pg_attribute as t
        cross join lateral aclexplode(t.attacl) as a
        where t.attrelid = p_old and not t.attisdropped
    ) as g
    union all
    select format(
        'create policy %I on %s as %s for %s to %s %s %s',
        p.polname, p_new, case when p.polpermissive then 'permissive' else 'restrictive' end,
        case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
        (
            select string_agg(case when r.role = 0 then 'public' else r.role::regrole::text end, ', ')
            from unnest(p.polroles) as r (role)
        ),
        'using (' || pg_get_expr(p.polqual, p.polrelid) || ')',
        'with check (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')'
    )
    from pg_policy as p
    where p.polrelid = p_old
    union all
    select format('alter table %s %s row level security', p_new, s.setting)
    from pg_class as c
    cross join lateral (values ('enable', c.relrowsecurity), ('force', c.relforcerowsecurity)) as s (setting, is_set)
    where c.oid = p_old and s.is_set
    union all
    select format('comment on table %s is %L', p_new, obj_description(p_old, 'pg_class'));
end;
$$;

comment on function core.adoption_statements(regclass, regclass) is
'Returns the statements in the order in which they must run.';

-- needs: core.hide_partitions
-- revert: drop function core.adoption_statements(regclass, regclass);
-- revert: drop function core.adopt_table(text, name, date, date);

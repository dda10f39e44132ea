-- Moves a detached partition into the schema expired_parts, where only the owner, and so a DBA, may read it. Its comment
-- contains its table and days. A name of the table or of an index that is taken, because the same days expired before, is
-- extended by the number of the object.
create or replace function core.put_away(p_relation text, p_child regclass)
returns text
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_days daterange;
    v_schema name := (
        select n.nspname from pg_class as c join pg_namespace as n on n.oid = c.relnamespace where c.oid = p_child
    );
    v_old name;
    v_new text;
begin
    select core.former_days(p_relation, case when n.nspname = 'parts' then c.relname end, d.description) into v_days
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    left join pg_description as d on d.objoid = c.oid and d.classoid = 'pg_class'::regclass and d.objsubid = 0
    where c.oid = p_child;
    for v_old, v_new in
        select c.relname, left(c.relname, 52) || '_' || c.oid
        from pg_class as c
        where
            (c.oid = p_child or c.oid in (select i.indexrelid from pg_index as i where i.indrelid = p_child))
            and to_regclass(format('expired_parts.%I', c.relname)) is not null
    loop
        execute format('alter table %I.%I rename to %I', v_schema, v_old, v_new);  -- an index too
    end loop;
    execute format('alter table %s set schema expired_parts', p_child);
    execute format(
        'comment on table %s is %L', p_child,
        format(
            '%s %s to %s, detached %s', p_relation, lower(v_days), upper(v_days),
            to_char(core.clock() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
        )
    );
    execute format('grant select on %s to stanchion_owner', p_child);
    execute format('create policy operators on %s for select to stanchion_owner using (core.is_operator())', p_child);
    return p_child::text;
end;
$$;

comment on function core.put_away(text, regclass) is 'Returns the new name of a detached partition that is kept.';

-- needs: core.former_days
-- revert: drop function core.put_away(text, regclass);

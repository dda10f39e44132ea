-- Returns the reasons why a table cannot become the first partition of a partitioned table, with a remedy where there is
-- one. No row: it can.
create or replace function core.adoption_problems(p_relation text, p_column name)
returns table (problem text)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_table regclass;
    v_class pg_class;
    v_type regtype;
    v_number smallint;
begin
    if p_relation !~ '^[a-z_][a-z0-9_]*[.][a-z_][a-z0-9_]*$' or length(p_relation) > 52 then
        return query select 'its name must be SCHEMA.TABLE in lower case, of at most 52 letters, digits and underscores';
        return;
    end if;
    v_table := to_regclass(p_relation);
    if v_table is null then
        return query select 'it does not exist';
        return;
    end if;
    select c.* into v_class from pg_class as c where c.oid = v_table;
    if v_class.relkind = 'p' then
        return query select 'it is partitioned already; add a file in partitions/ for it';
        return;
    elsif v_class.relkind <> 'r' or v_class.relpersistence <> 'p' or v_class.relispartition then
        return query select 'it is not a plain logged table';
        return;
    end if;
    select a.attnum, a.atttypid into v_number, v_type
    from pg_attribute as a
    where a.attrelid = v_table and a.attname = p_column and a.attnum > 0 and not a.attisdropped;
    if not found then
        return query select format('it has no column %s', p_column);
        return;
    end if;
    return query
    select format('its column %s is of type %s; expected date, timestamp or timestamptz', p_column, v_type)
    where v_type not in ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype)
    union all
    select format('its column %s is generated', p_column)
    from pg_attribute as a
    where a.attrelid = v_table and a.attnum = v_number and a.attgenerated <> ''
    union all
    select format('it belongs to %s; run: alter table %s owner to stanchion_owner', v_class.relowner::regrole, p_relation)
    where v_class.relowner <> 'stanchion_owner'::regrole
    union all
    select format('stanchion_owner may not create tables in schema %s; run: grant usage, create on schema %s to stanchion_owner', n.nspname, n.nspname)
    from pg_namespace as n
    where n.oid = v_class.relnamespace and not has_schema_privilege('stanchion_owner', n.oid, 'create')
    union all
    select format('the unique index %s does not contain %s; a unique key of a partitioned table must', i.indexrelid::regclass, p_column)
    from pg_index as i
    where i.indrelid = v_table and i.indisunique and not v_number = any(i.indkey::smallint[])
    union all
    select format('its index %s is not valid; run: reindex index concurrently %s', i.indexrelid::regclass, i.indexrelid::regclass)
    from pg_index as i
    where i.indrelid = v_table and not i.indisvalid
    union all
    select case
        when c.contype = 'f' and c.confrelid = v_table then format('the foreign key %s of %s points at it; drop it first', c.conname, c.conrelid::regclass)
        when c.contype = 'f' then format('its foreign key %s would have to be checked under a lock; drop it first', c.conname)
        when c.contype = 'x' then format('its exclusion constraint %s is not possible on a partitioned table', c.conname)
        else format('its constraint %s is not valid; run: alter table %s validate constraint %s', c.conname, p_relation, c.conname)
    end
    from pg_constraint as c
    where
        (c.conrelid = v_table or c.confrelid = v_table)
        and (c.contype in ('f', 'x') or (not c.convalidated and c.conname <> 'stanchion_adopt'))
    union all
    select format('its column %s is an identity column, which a partition cannot have; use a sequence and a default', a.attname)
    from pg_attribute as a
    where a.attrelid = v_table and a.attidentity <> '' and not a.attisdropped
    union all
    select format('it has the trigger %s; drop it first', t.tgname)
    from pg_trigger as t
    where t.tgrelid = v_table and not t.tgisinternal
    union all
    select 'it has rules, or views or functions that use it; drop them first, and create them again afterwards'
    where exists (
        select from pg_depend as d
        where
            d.deptype = 'n'
            and d.classid in ('pg_rewrite'::regclass, 'pg_proc'::regclass, 'pg_class'::regclass)
            and (d.refclassid, d.refobjid) in (('pg_class'::regclass, v_table::oid), ('pg_type'::regclass, v_class.reltype))
    ) or v_class.relhasrules
    union all
    select 'it has parents or children by inheritance'
    where exists (select from pg_inherits as i where v_table in (i.inhrelid, i.inhparent)) or v_class.reloftype <> 0
    union all
    select format('the publication %s contains it; remove it from the publication first', p.pubname)
    from pg_publication_rel as r
    join pg_publication as p on p.oid = r.prpubid
    where r.prrelid = v_table;
end;
$$;

comment on function core.adoption_problems(text, name) is 'Returns one sentence per problem that prevents stanchion partitions adopt.';

-- revert: drop function core.adoption_problems(text, name);

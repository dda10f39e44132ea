-- Schemas marts, staging, mart_parts and mirror_* contain only the objects of the project: tables without triggers, rules and
-- expressions, and views that call built-in functions and those of stanchion_owner. The builder could plant other code
-- there, which runs with the rights of the login that reads or writes the mart.
--
-- The rule itself runs nothing of these schemas: it reads catalogs only. Postgres records no dependency on a built-in
-- function, so these are found in the text of the expressions. A volatile one is refused: set_config could end SET ROLE,
-- and lo_export could write a file of the server.
--
-- severity: critical
-- remedy: Run the statement of the finding with: stanchion psql --unchecked; then run: stanchion build
with place as (
    select n.oid, n.nspname
    from pg_namespace as n
    where n.nspname in ('marts', 'staging', 'mart_parts') or n.nspname like 'mirror\_%'
),

relation as (
    select c.oid, c.relkind, c.relispartition as is_partition, format('%I.%I', p.nspname, c.relname) as name
    from pg_class as c
    join place as p on p.oid = c.relnamespace
),

-- each expression with the catalog and the row that it is in, and the statement that removes it
expression as (
    select
        r.name, 'pg_rewrite'::regclass as catalog, w.oid, w.ev_action::text || w.ev_qual::text as tree,
        case
            when w.rulename <> '_RETURN' then format('drop rule %I on %s', w.rulename, r.name)
            when r.relkind = 'm' then format('drop materialized view %s cascade', r.name)
            else format('drop view %s cascade', r.name)
        end as removal
    from relation as r
    join pg_rewrite as w on w.ev_class = r.oid
    union all
    select r.name, 'pg_policy'::regclass, p.oid, concat(p.polqual::text, p.polwithcheck::text), format('drop policy %I on %s', p.polname, r.name)
    from relation as r
    join pg_policy as p on p.polrelid = r.oid
    union all
    select r.name, 'pg_constraint'::regclass, k.oid, k.conbin::text, format('alter table %s drop constraint %I', r.name, k.conname)
    from relation as r
    join pg_constraint as k on k.conrelid = r.oid and k.contype = 'c' and k.coninhcount = 0
    union all
    select r.name, 'pg_class'::regclass, x.indexrelid, concat(x.indexprs::text, x.indpred::text), format('drop index %s', i.name)
    from relation as r
    join pg_index as x on x.indrelid = r.oid
    join relation as i on i.oid = x.indexrelid and not i.is_partition
    union all
    select r.name, 'pg_class'::regclass, r.oid, p.partexprs::text, format('drop table %s cascade', r.name)
    from relation as r
    join pg_partitioned_table as p on p.partrelid = r.oid
    union all
    select r.name, 'pg_statistic_ext'::regclass, s.oid, s.stxexprs::text, format('drop statistics %I.%I', n.nspname, s.stxname)
    from relation as r
    join pg_statistic_ext as s on s.stxrelid = r.oid
    join pg_namespace as n on n.oid = s.stxnamespace
),

called as (
    select distinct e.name, e.removal, m.id[1]::oid as function
    from expression as e
    cross join lateral regexp_matches(e.tree, ':(?:funcid|opfuncid|hashfuncid|negfuncid|aggfnoid|winfnoid|tsmhandler) (\d+)', 'g') as m (id)
),

used as (
    select e.name, e.removal, d.refclassid, d.refobjid
    from expression as e
    join pg_depend as d on d.classid = e.catalog and d.objid = e.oid
),

found as (
    select
        c.name,
        format('calls the function %s, which can do more than read', c.function::regprocedure) as problem,
        c.removal
    from called as c
    join pg_proc as p on p.oid = c.function
    where
        (p.pronamespace = 'pg_catalog'::regnamespace or p.proowner = to_regrole('stanchion_owner'))
        and c.function is distinct from to_regprocedure('core.clock()')
        and (
            p.provolatile = 'v'
            or p.proname ~ '_to_xml'
            or not (
                has_function_privilege(to_regrole('stanchion_builder'), c.function, 'execute')
                or has_function_privilege(to_regrole('stanchion_analyst'), c.function, 'execute')
            )
        )
    union all
    select u.name, format('uses the %s, which is not of stanchion_owner', pg_describe_object(u.refclassid, u.refobjid, 0)), u.removal
    from used as u
    where
        u.refclassid in (
            'pg_operator'::regclass, 'pg_opclass'::regclass, 'pg_opfamily'::regclass, 'pg_cast'::regclass, 'pg_ts_config'::regclass,
            'pg_ts_dict'::regclass
        )
        or (
            u.refclassid = 'pg_proc'::regclass
            and not exists (
                select from pg_proc as p
                where p.oid = u.refobjid and p.proowner = to_regrole('stanchion_owner')
            )
        )
    union all
    select u.name, format('reads %s, which is not of stanchion_owner', c.oid::regclass), u.removal
    from used as u
    join pg_class as c on u.refclassid = 'pg_class'::regclass and c.oid = u.refobjid
    where c.relowner <> to_regrole('stanchion_owner') and c.relnamespace not in (select p.oid from place as p)
    union all
    select
        r.name, format('is a %s', case r.relkind when 'm' then 'materialized view' when 'f' then 'foreign table' else 'sequence or type' end),
        case r.relkind
            when 'm' then format('drop materialized view %s cascade', r.name) when 'f' then format('drop foreign table %s cascade', r.name)
            when 'S' then format('drop sequence %s cascade', r.name) else format('drop type %s cascade', r.name)
        end
    from relation as r
    where r.relkind not in ('r', 'p', 'v', 'i', 'I')
    union all
    select
        r.name,
        format('has a %s for the column %I', case a.attgenerated when '' then 'default that is not a constant' else 'generated value' end, a.attname),
        case a.attgenerated
            when '' then format('alter table %s alter column %I drop default', r.name, a.attname)
            else format('alter table %s drop column %I cascade', r.name, a.attname)
        end
    from relation as r
    join pg_attribute as a on a.attrelid = r.oid
    join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where (a.attgenerated = '' and d.adbin::text !~ '^\{CONST ') or (a.attgenerated <> '' and a.attinhcount = 0)
    union all
    select r.name, format('has the constraint %I', k.conname), format('alter table %s drop constraint %I', r.name, k.conname)
    from relation as r
    join pg_constraint as k on k.conrelid = r.oid
    where
        k.contype not in ('c', 'n', 'p', 'u')
        and k.coninhcount = 0
        -- a foreign key that is not enforced has no trigger and runs nothing; before Postgres 18 every one is enforced
        and not (k.contype = 'f' and coalesce(to_jsonb(k) ->> 'conenforced', 'true') = 'false')
    union all
    select r.name, format('has the trigger %I', t.tgname), format('drop trigger %I on %s', t.tgname, r.name)
    from relation as r
    join pg_trigger as t on t.tgrelid = r.oid
    where not t.tgisinternal and t.tgparentid = 0
    union all
    select r.name, format('has the rule %I', w.rulename), format('drop rule %I on %s', w.rulename, r.name)
    from relation as r
    join pg_rewrite as w on w.ev_class = r.oid
    where w.rulename <> '_RETURN'
    union all
    select p.oid::regprocedure::text, 'is a function', format('drop routine %s cascade', p.oid::regprocedure)
    from pg_proc as p
    where p.pronamespace in (select place.oid from place)
    union all
    select format('%I.%I', n.nspname, t.typname), 'is a type of its own', format('drop type %I.%I cascade', n.nspname, t.typname)
    from pg_type as t
    join place as n on n.oid = t.typnamespace
    where t.typtype in ('d', 'e', 'r') or (t.typtype = 'b' and t.typcategory <> 'A')
    union all
    select
        format('the cast from %s to %s', format_type(k.castsource, null), format_type(k.casttarget, null)),
        'uses a type of the marts',
        format('drop cast (%s as %s) cascade', format_type(k.castsource, null), format_type(k.casttarget, null))
    from pg_cast as k
    join pg_type as t on t.oid in (k.castsource, k.casttarget)
    where t.typnamespace in (select p.oid from place as p)
    union all
    select o.oid::regoperator::text, 'is an operator', format('drop operator %s cascade', o.oid::regoperator)
    from pg_operator as o
    where o.oprnamespace in (select p.oid from place as p)
    union all
    select format('%I.%I', p.nspname, o.name), 'is a ' || o.kind, format('drop %s %I.%I cascade', o.kind, p.nspname, o.name)
    from place as p
    join (
        select k.collnamespace, k.collname, 'collation' from pg_collation as k
        union all
        select k.connamespace, k.conname, 'conversion' from pg_conversion as k
        union all
        select k.cfgnamespace, k.cfgname, 'text search configuration' from pg_ts_config as k
        union all
        select k.dictnamespace, k.dictname, 'text search dictionary' from pg_ts_dict as k
    ) as o (namespace, name, kind) on o.namespace = p.oid
)

select distinct
    regexp_replace(f.name, '[[:cntrl:]]', '?', 'g') as object,
    regexp_replace(format('%s; the project does not make this. Remove it with: %s', f.problem, f.removal), '[[:cntrl:]]', '?', 'g') as problem
from found as f
order by 1, 2

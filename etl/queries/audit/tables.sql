-- The tables of tenants, what their columns take, and what constrains them.
select
    r.name,
    (
        select
            jsonb_agg(
                jsonb_build_object(
                    'name', a.attname,
                    'type', format_type(a.atttypid, null),
                    'required', a.attnotnull and not a.atthasdef and a.attidentity = '',
                    'nullable', not a.attnotnull,
                    'writable', a.attgenerated = '' and a.attidentity <> 'a',
                    'labels', (
                        select jsonb_agg(e.enumlabel order by e.enumsortorder) from pg_enum as e
                        where e.enumtypid = a.atttypid
                    )
                )
                order by a.attnum
            )
        from pg_attribute as a
        where a.attrelid = r.relation and a.attnum > 0 and not a.attisdropped
    ) as columns,
    coalesce((
        select
            jsonb_object_agg(
                c.conname,
                jsonb_build_object(
                    'columns', (
                        select jsonb_agg(a.attname) from pg_attribute as a
                        where a.attrelid = r.relation and a.attnum = any(c.conkey)
                    ),
                    'literals', (select coalesce(jsonb_agg(m[1]), '[]') from regexp_matches(pg_get_constraintdef(c.oid), '''([^'']*)''::', 'g') as m)
                )
            )
        from pg_constraint as c
        where c.conrelid = r.relation and c.contype = 'c'
    ), '{}') as checks,
    coalesce((
        select
            jsonb_agg(
                jsonb_build_object(
                    'columns', (
                        select jsonb_agg(a.attname order by k.n)
                        from unnest(c.conkey) with ordinality as k (num, n)
                        join pg_attribute as a on a.attrelid = c.conrelid and a.attnum = k.num
                    ),
                    'target', c.confrelid::regclass::text,
                    'target_columns', (
                        select jsonb_agg(a.attname order by k.n)
                        from unnest(c.confkey) with ordinality as k (num, n)
                        join pg_attribute as a on a.attrelid = c.confrelid and a.attnum = k.num
                    )
                )
                order by c.conkey
            )
        from pg_constraint as c
        where c.conrelid = r.relation and c.contype = 'f' and c.conparentid = 0
    ), '[]') as parents,
    p.partrelid is not null as is_partitioned,
    pg_get_userbyid(r.owner)::text as owner
from core.own_relation as r
left join pg_partitioned_table as p on p.partrelid = r.relation
where r.kind = 'table' and r.has_tenant
order by r.name

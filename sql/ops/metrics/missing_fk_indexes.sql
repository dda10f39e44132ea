-- Foreign keys without an index. Deleting or changing a parent looks up its children, which reads the whole table without
-- an index. A key that is not enforced looks up nothing; Postgres has such keys from version 18 on.
create or replace view ops.missing_fk_indexes with (security_invoker = true) as
select
    r.name as relation,
    f.conname as foreign_key,
    c.columns,
    format('create index concurrently on %s (%s);', r.relation::regclass, c.columns) as remedy
from core.own_relation as r
join pg_catalog.pg_constraint as f on f.conrelid = r.relation and f.contype = 'f'
cross join
    lateral (
        select string_agg(a.attname, ', ' order by k.position) as columns
        from pg_catalog.unnest(f.conkey) with ordinality as k (number, position)
        join pg_catalog.pg_attribute as a on a.attrelid = f.conrelid and a.attnum = k.number
    ) as c
where
    r.kind = 'table'
    and coalesce(to_jsonb(f) ->> 'conenforced', 'true') = 'true'
    and not exists (
        select 1
        from pg_catalog.pg_index as x
        where
            x.indrelid = f.conrelid
            and x.indpred is null
            and (x.indkey::smallint[])[0:cardinality(f.conkey) - 1] @> f.conkey
    );

comment on view ops.missing_fk_indexes is 'One row per foreign key whose columns are the start of no index.';

-- revert: drop view ops.missing_fk_indexes;

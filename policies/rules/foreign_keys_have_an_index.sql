-- Deleting or changing a parent looks for its children: without an index that reads the whole table.
select r.name as object, format('no index begins with the columns of %s', f.conname) as problem
from core.own_relation as r
join pg_constraint as f on f.conrelid = r.relation and f.contype = 'f'
where
    r.kind = 'table'
    and not exists (
        select 1
        from pg_index as x
        where
            x.indrelid = f.conrelid
            and x.indpred is null
            and (x.indkey::smallint[])[0:cardinality(f.conkey) - 1] @> f.conkey
    )

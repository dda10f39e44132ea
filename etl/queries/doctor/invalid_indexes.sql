-- Every index is valid.
select
    format('The index %s is invalid: it is kept up and never used.', x.indexrelid::regclass) as problem,
    format('Run: drop index concurrently %s; and make it again.', x.indexrelid::regclass) as remedy
from pg_index as x
where not x.indisvalid and not exists (
    select 1 from pg_stat_progress_create_index as p
    where p.index_relid = x.indexrelid
)

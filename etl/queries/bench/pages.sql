-- How many pages of each table were touched since the statistics began, those of its partitions with it.
select
    s.schemaname || '.' || regexp_replace(s.relname, '_+[0-9]+$', '') as name,
    sum(s.heap_blks_read + s.heap_blks_hit + coalesce(s.idx_blks_read + s.idx_blks_hit, 0))::bigint as pages
from pg_statio_user_tables as s
where s.schemaname in ('contest', 'landing', 'marts', 'mart_parts', 'parts', 'staging')
group by 1

-- There is room for more connections.
select
    format('%s of %s connections are taken.', count(*), current_setting('max_connections')) as problem,
    'Put a transaction pooler in front, or raise max_connections.' as remedy
from pg_stat_activity
where backend_type = 'client backend'
having count(*) > 0.8 * current_setting('max_connections')::integer

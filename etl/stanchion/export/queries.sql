-- name: changed_games
-- Returns the games of a tenant that loads after a given one changed.
select f.game_key
from contest.fixture as f
where f.tenant_id = %(tenant)s and f.load_id > %(since)s
order by 1;

-- name: columns
-- Returns the columns of every relation in marts that this connection may read, with their place in its key.
select
    c.relname as mart,
    a.attname as name,
    format_type(a.atttypid, a.atttypmod) as type,
    array_position(k.columns, a.attnum) as key_no
from pg_catalog.pg_class as c
join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join lateral (
    select array_agg(e.attnum order by e.number) as columns
    from pg_catalog.pg_index as i
    cross join lateral unnest(i.indkey::smallint[]) with ordinality as e (attnum, number)
    where i.indrelid = c.oid and i.indisunique and i.indpred is null
    group by i.indexrelid
    order by count(*), i.indexrelid
    limit 1
) as k on true
where
    c.relnamespace = 'marts'::regnamespace and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
    and has_table_privilege(c.oid, 'select')
order by c.relname, a.attnum;

-- name: last_load
-- Returns the last load that every mart contains; null before the first build.
select min(r.position) as last_load
from core.stat_refresh as r
where r.model ~ '^marts[.]' and r.changes = 'loads';

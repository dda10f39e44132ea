-- No load is taken for running that is not: what is built from games waits for it.
select
    format('Load %s has run since %s and no session works for it.', b.load_id, to_char(b.started_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')) as problem,
    'The next load of the tenant ends it; or run: stanchion psql -c "select landing.reap_loads()"' as remedy
from landing.load_batch as b
where
    b.state = 'running'
    and not exists (
        select from pg_locks as l
        where
            l.locktype = 'advisory' and l.objsubid = 1
            and l.classid::bigint = (landing.load_lock(b.load_id) >> 32) & 4294967295
            and l.objid::bigint = landing.load_lock(b.load_id) & 4294967295
    )

-- No transaction is open for longer than an hour.
select
    format('Session %s of %s has a transaction open since %s: nothing that died since can be removed.', a.pid, a.usename, a.xact_start::timestamp(0))
        as problem,
    format('Ask who it is, or run: select pg_terminate_backend(%s);', a.pid) as remedy
from pg_stat_activity as a
where a.xact_start < now() - interval '1 hour' and a.backend_type = 'client backend'

-- Who works with the table $1 or its partition $2 or, if $3, has a snapshot: each open transaction and a sentence
-- about it. What a session does is shown to itself, to superusers and to members of pg_read_all_stats.
select
    l.virtualtransaction,
    case
        when l.pid is null then 'a prepared transaction, ' || l.virtualtransaction
        else concat_ws(
            ', ',
            'session ' || l.pid || ' of ' || a.usename,
            'in a transaction since ' || to_char(a.xact_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC',
            a.state,
            'from ' || nullif(a.application_name, ''),
            nullif(nullif(left(regexp_replace(a.query, '\s+', ' ', 'g'), 100), ''), '<insufficient privilege>')
        )
    end as who
from pg_locks as l
left join pg_stat_activity as a on a.pid = l.pid
where
    l.granted
    and l.pid is distinct from pg_backend_pid()
    and (
        (
            l.locktype = 'relation'
            and l.database = (
                select d.oid from pg_database as d
                where d.datname = current_database()
            )
            and l.relation in (to_regclass($1), to_regclass($2))
        )
        or (
            $3::boolean
            and l.locktype = 'virtualxid'
            and a.datname = current_database()
            and (a.backend_xmin is not null or a.xact_start is null)
        )
    )
group by l.virtualtransaction, l.pid, a.usename, a.xact_start, a.state, a.application_name, a.query
order by a.xact_start nulls last

-- A write calls no volatile function, because Citus refuses it: the nodes would compute different values. An UPDATE or
-- DELETE calls no stable function in CASE or COALESCE, and DO UPDATE calls none at all; a time plus an interval, and a
-- text cast to a time, are such calls. A variable holds the value. Where the value has to be newer than a lock, the
-- variable is set after the lock.
--
-- The time of `INSERT ... VALUES` may be a call: Citus computes it once, where the statement begins.
--
-- cluster: F7
-- severity: high
-- remedy: v_now timestamptz := core.clock(); then use v_now in the statement.
with written as (
    select
        s.name,
        s.number,
        -- without a condition before the statement
        substring(s.code from '(?i)\m(?:update\s+[a-z]+\.|delete\s+from\s+[a-z]+\.|insert\s+into\s+[a-z]+\.).*') as code
    from core.own_statement as s
    where s.tables <> '{}'
),

part as (
    select w.name, w.number, 'v' as forbidden, 'a write' as place, w.code
    from written as w
    where w.code ~* '^(update|delete)\M' or w.code ~* '^insert\s[^;]*?\)\s*(overriding system value\s*)?select\M'
    union all
    select w.name, w.number, 'sv', 'DO UPDATE', substring(w.code from '(?i)\mdo\s+update\M(.*?)(?:\mreturning\M|$)')
    from written as w
    where w.code ~* '\mdo\s+update\M'
    union all
    select w.name, w.number, 'sv', 'CASE', c.match[1]
    from written as w
    cross join lateral regexp_matches(w.code, '\mcase\M.*?\mend\M', 'gi') as c (match)
    where w.code ~* '^(update|delete)\M'
    union all
    select w.name, w.number, 'sv', 'COALESCE', c.match[1]
    from written as w
    cross join lateral regexp_matches(w.code, '\mcoalesce\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)', 'gi') as c (match)
    where w.code ~* '^(update|delete)\M'
),

called as (
    select distinct p.name, p.place, p.forbidden, coalesce(c.word[1], 'pg_catalog') as schema_name, lower(c.word[2]) as function
    from part as p
    cross join lateral regexp_matches(p.code, '(?:\m([a-z]+)\.)?\m([a-z_][a-z_0-9]*)\s*\(', 'gi') as c (word)
)

select
    c.name as object,
    format('calls %s() in %s, which is %s', c.function, c.place, case max(f.provolatile) when 'v' then 'volatile' else 'stable' end) as problem
from called as c
join pg_namespace as n on n.nspname = c.schema_name
join pg_proc as f on f.pronamespace = n.oid and f.proname = c.function
group by c.name, c.function, c.place, c.forbidden
having strpos(c.forbidden, min(f.provolatile)::text) > 0
union all
select p.name, format('computes a time in %s', p.place)
from part as p
where
    p.forbidden = 'sv'
    and p.code ~* '::timestamptz\M|\minterval\s+''''|\m(\w*_now|\w+_at|\w+_until)\s*[-+]|[-+]\s*(\w+\.)?\w*(_lease|_window|_backoff)\M'
union all
select w.name, 'computes a time from a column in an update'
from written as w
where
    w.code ~* '^update\M'
    and w.code ~* '\m[a-z]\.\w*(_at|_until)\s*[-+]\s*(interval\M|\w*(lease|window|interval)\M)|coalesce\([^()]*\)\s*[-+]\s*core\.\w*window'

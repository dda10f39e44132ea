-- A function that reads FOUND or ROW_COUNT after an INSERT ... SELECT ... ON CONFLICT has RETURNING in the statement. On
-- a cluster, Citus counts the rows of the SELECT without RETURNING, so that a row which conflicts counts as inserted.
--
-- cluster: F1
-- severity: critical
-- remedy: insert VALUES, or add RETURNING; then run: stanchion deploy --accept-drift
select
    s.name as object,
    format('counts the rows of an insert into %s that conflict', substring(s.code from '(?i)\minsert\s+into\s+([\w.]+)')) as problem
from core.own_statement as s
where
    s.tables <> '{}'
    and s.code ~* '\minsert\s+into\s+[\w.]+.*\mselect\M.*\mon\s+conflict\M'
    and s.code !~* '\mreturning\M'
    and s.following ~* '\m(found|row_count)\M'

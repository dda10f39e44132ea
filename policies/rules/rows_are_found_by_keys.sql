-- No function finds rows by ctid, which means something only on one node. Citus refuses a write by the ctids of a query.
--
-- cluster: F9
-- severity: high
-- remedy: read the keys into an array, and write the rows of these keys in a second statement.
select
    s.name as object,
    format('uses ctid on %s', array_to_string(s.tables, ' and ')) as problem
from core.own_statement as s
where s.tables <> '{}' and s.code ~* '\mctid\M'

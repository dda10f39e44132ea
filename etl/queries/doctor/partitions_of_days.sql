-- Every partition is a day.
select
    format('%s has the partition %s, which is no day: it keeps days from being made, and from going.', p.relation, p.child) as problem,
    'Put its rows into days and drop it, as docs/operations/partitions.md shows.' as remedy
from core.partition as p
where p.state in ('default', 'endless')
union all
select
    format('core.partition_set has a row for %s, which does not exist.', s.relation),
    format('Make the table, or run: delete from core.partition_set where relation = %L;', s.relation)
from core.partition_set as s
where to_regclass(s.relation) is null

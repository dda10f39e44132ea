-- What is wrong with a table as a whole, in words.
select s.relation, 'the table does not exist' as reason
from core.partition_set as s
where to_regclass(s.relation) is null
union all
select p.relation, format('it has the partition %s, which is no day; see docs/operations/partitions.md', p.child)
from core.partition as p
where p.state in ('default', 'endless')
order by 1, 2

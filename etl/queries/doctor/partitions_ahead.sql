-- Every partitioned table has its days ahead.
select
    format('%s has no partition for %s: writing on that day would be refused.', p.relation, array_to_string(p.days_missing, ', ')) as problem,
    'Run: stanchion partitions ensure, and let a scheduler run it.' as remedy
from ops.partition_health as p
where cardinality(p.days_missing) > 0

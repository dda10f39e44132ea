-- What was done about partitions of late, the newest first.
select
    l.happened_at,
    l.happened_by,
    l.relation,
    l.day,
    l.outcome,
    l.reason
from core.partition_log as l
order by l.log_id desc
limit 100

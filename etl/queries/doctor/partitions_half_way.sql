-- No day was left half detached.
--
-- While a run is at work one may be, so nothing is said then.
select
    case p.state
        when 'detaching' then format('%s of %s is half detached: nobody sees its rows, and no other day can go.', p.day, p.relation)
        else format('%s of %s is detached and not dropped.', p.day, p.relation)
    end as problem,
    'Run: stanchion partitions run' as remedy
from core.partition as p
where
    p.state in ('detaching', 'detached')
    and not exists (
        select 1 from pg_locks as l
        where l.locktype = 'advisory' and l.classid = 0 and l.objid = core.partition_run_lock()::oid and l.granted
    )

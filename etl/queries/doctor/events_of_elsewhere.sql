-- Events and consumers go by transactions of this server.
select
    format(
        '%s streams or consumers of events go by transactions of another server: what is appended now may never be polled.',
        count(*)
    ) as problem,
    'Run: stanchion restored' as remedy
from (
    select s.transaction_id from core.event_stream as s
    union all
    select c.transaction_id from core.consumer as c
) as known
where known.transaction_id >= pg_snapshot_xmax(pg_current_snapshot())
having count(*) > 0

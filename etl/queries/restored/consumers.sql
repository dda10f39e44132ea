-- Each consumer is at the end of what it has read: see events.sql, which has to run before.
update core.consumer as c
set transaction_id = places.before::text::xid8, position = greatest(c.position, places.last)
from (
    select
        p.tenant_id,
        p.consumer,
        dense_rank() over (partition by p.tenant_id order by p.transaction_id, p.position) - 1 as before,
        (select s.last_value from core.event_position as s) as last
    from core.consumer as p
) as places
where places.tenant_id = c.tenant_id and places.consumer = c.consumer

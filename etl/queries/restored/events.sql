-- Gives events a transaction that this server had already, and changes for no consumer what it has read and what not:
-- all that counts is between which consumers' places an event is, so its new transaction is how many lie before it.
-- Within such a span the position keeps every stream in its order.
update core.event as e
set transaction_id = (
    select count(*)
    from (select distinct c.tenant_id, c.transaction_id, c.position from core.consumer as c) as place
    where place.tenant_id = e.tenant_id and (place.transaction_id, place.position) < (e.transaction_id, e.position)
)::text::xid8

-- The head of a stream goes by its last event again; by nothing where its events have gone.
update core.event_stream as s
set transaction_id = coalesce(
    (
        select e.transaction_id
        from core.event as e
        where e.tenant_id = s.tenant_id and e.stream_type = s.stream_type and e.stream_id = s.stream_id
        order by e.version desc
        limit 1
    ),
    '0'
)

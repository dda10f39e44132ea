-- A column that holds a number of one server is known: a transaction id, a position in the log, or the id of a role or of a
-- table. The number means something else on another node. `stanchion cluster move` and `stanchion after-restore` repair
-- the positions of events; the reasons of the others are in the list.
--
-- cluster: transaction ids
-- severity: high
-- remedy: keep another value; or repair the column after a move, and list it in the rule with the reason.
select
    t.name as object,
    format('the column %s holds a number of one server (%s)', a.attname, format_type(a.atttypid, null)) as problem
from core.placement as t
join pg_attribute as a on a.attrelid = t.relation and a.attnum > 0 and not a.attisdropped
where
    t.class in ('distributed', 'reference')
    and (
        a.atttypid in (
            'xid'::regtype, 'xid8'::regtype, 'pg_lsn'::regtype, 'pg_snapshot'::regtype, 'tid'::regtype, 'cid'::regtype, 'oid'::regtype,
            'regclass'::regtype, 'regrole'::regtype, 'regproc'::regtype, 'regprocedure'::regtype, 'regtype'::regtype
        )
        or exists (
            select 1
            from pg_attrdef as d
            where d.adrelid = a.attrelid and d.adnum = a.attnum and pg_get_expr(d.adbin, d.adrelid) ~ 'xact_id|txid_|_lsn\('
        )
    )
    and format('%s.%s', t.name, a.attname) not in (
        'core.event.transaction_id',  -- order of the events; a move repairs it, with the position beside it
        'core.event.writer_id',  -- a move replaces it by a transaction that has ended in every snapshot
        'core.event_stream.transaction_id',  -- at least that of the last event; a move repairs it
        'core.consumer.transaction_id',  -- position in the events; a move repairs it
        'stock.purchase.transaction_id',  -- after a move, the mirror of the marts reads the rows of the tenant again
        'stock.movement.transaction_id',
        'core.analyst_grant.role_id'  -- of the coordinator, where analysts read; any other node admits none of them
    )

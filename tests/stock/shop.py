"""A shop for tests with several sessions, and a query for its invariants."""

from tests.sessions import Db

# Violated invariants as sentences, read in one snapshot.
_BROKEN = """
    select format('%s: received %s, available %s, sold %s', i.name, i.received, i.available, i.sold)
    from stock.item as i where i.received <> i.available + i.sold + i.withdrawn or i.available < 0
    union all
    select format('%s: sold %s, purchases %s', i.name, i.sold, coalesce(p.sold, 0))
    from stock.item as i
    left join (
        select tenant_id, item_id, sum(qty) as sold from stock.purchase where state = 'sold' group by tenant_id, item_id
    ) as p using (tenant_id, item_id)
    where i.sold <> coalesce(p.sold, 0)
    union all
    select format('%s: restocked %s, audit %s', i.name, i.received, l.qty)
    from stock.item as i
    join (
        select tenant_id, subject, sum((detail ->> 'qty')::bigint) as qty
        from core.audit_log where action in ('stock.add', 'stock.restock') group by tenant_id, subject
    ) as l on l.tenant_id = i.tenant_id and l.subject = i.item_id::text
    where i.received <> l.qty
    union all
    select format('%s: movements leave %s, available and sold are %s', i.name, m.qty, i.available + i.sold)
    from stock.item as i
    join (
        select tenant_id, item_id, sum(case kind when 'withdrawn' then -qty else qty end) as qty
        from stock.movement group by tenant_id, item_id
    ) as m using (tenant_id, item_id)
    where m.qty <> i.available + i.sold
    union all
    select format('%s: the last change left %s, available are %s', i.name, l.available, i.available)
    from stock.item as i
    cross join lateral (
        select e.available
        from (
            select decided_at as at, available from stock.purchase as p
            where p.tenant_id = i.tenant_id and p.item_id = i.item_id and p.state = 'sold'
            union all
            select moved_at, available from stock.movement as m
            where m.tenant_id = i.tenant_id and m.item_id = i.item_id
        ) as e
        order by e.at desc, e.available
        limit 1
    ) as l
    where l.available <> i.available
    union all
    select format('order %s: purchase %s, audit %s', coalesce(p.order_key, l.subject), p.state, l.detail ->> 'state')
    from stock.purchase as p
    full join (select * from core.audit_log where action = 'stock.purchase') as l
        on l.tenant_id = p.tenant_id and l.subject = p.order_key
    where p.state is distinct from l.detail ->> 'state'
    union all
    select format('order %s is decided and still waits', p.order_key)
    from core.job as j join stock.purchase as p on p.tenant_id = j.tenant_id and p.order_key = j.payload ->> 'key'
    union all
    select format('job %s is in %s places', job_id, count(*))
    from core.job_state group by tenant_id, job_id having count(*) > 1
"""


def broken_promises(db: Db) -> list[str]:
    return [text for (text,) in db.execute(_BROKEN)]


def add_item(db: Db, tenant: str, available: int, name: str = "Chair") -> str:
    with db.transaction():
        db.execute("select set_config('app.tenant_id', %s, true)", [tenant])
        return str(db.execute("select stock.add_item(%s, 9.50, %s)", [name, available]).fetchone()[0])


def available(db: Db, item: str) -> int:
    return db.execute("select available from stock.item where item_id = %s", [item]).fetchone()[0]


def order(conn: Db, item: str, qty: int, key: str) -> str:
    return conn.execute("select state from stock.enqueue_buy(%s, %s, %s)", [item, qty, key]).fetchone()[0]


def buy(conn: Db, item: str, qty: int, key: str) -> str:
    return conn.execute("select state from stock.buy(%s, %s, %s)", [item, qty, key]).fetchone()[0]

"""A purchase is never changed, whoever asks; a shop that goes takes its purchases along."""

from typing import Any

import psycopg

from tests.stock.shop import add_item, buy

Db = psycopg.Connection[Any]


def test_nobody_changes_a_purchase_and_a_shop_can_go(db: Db, shop: str, tenants: dict[str, str]) -> None:
    item = add_item(db, tenants["ours"], 5)
    with psycopg.connect(shop, autocommit=True) as conn:
        assert buy(conn, item, 2, "k") == "sold"
    with db.transaction():
        db.execute("set local role stanchion_owner")
        assert db.execute("update stock.purchase set qty = 1").rowcount == 0
        for table in ("stock.purchase", "stock.item", "core.tenant"):
            db.execute(f"delete from {table} where tenant_id = %s", [tenants["ours"]])
    assert db.execute("select count(*) from stock.purchase").fetchone() == (0,)
    assert db.execute("select slug from core.tenant").fetchall() == [("theirs",)]

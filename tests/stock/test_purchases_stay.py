"""No role can change a purchase. Deleting a shop deletes its purchases."""

import psycopg

from tests.sessions import Db
from tests.stock.shop import add_item, buy


def test_purchase_is_immutable_and_deleted_with_its_shop(db: Db, shop: str, tenants: dict[str, str]) -> None:
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

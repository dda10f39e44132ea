"""stanchion serve reads from a replica with the rows of the sender, and from the primary otherwise."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from stanchion.server.connection import for_tenant
from tests.replicas.conftest import Pair
from tests.serve.web import Web, serving

LOGIN, PASSWORD = "serve_replica", "a password of the test"


@pytest.fixture(scope="module")
def key(pair: Pair) -> str:
    with psycopg.connect(pair.primary.dsn(), autocommit=True) as conn:
        conn.execute(f"create role {LOGIN} login password '{PASSWORD}' in role stanchion_app")
        with for_tenant(conn, "ours"):
            return str(conn.execute("select core.create_api_key('web', '{write}')").fetchone()[0])


@pytest.fixture(scope="module")
def web(pair: Pair, key: str) -> Iterator[Web]:
    primary, replica = (
        make_conninfo(each.dsn(), user=LOGIN, password=PASSWORD) for each in (pair.primary, pair.replica)
    )
    pair.catch_up()
    with serving(primary, "--read-dsn", replica) as found:
        yield found


def add(web: Web, key: str, name: str) -> tuple[str, str]:
    answer = web.post("/rpc/add_item", {"name": name, "price": 1, "available": 1}, X_Api_Key=key)
    assert answer.status_code == 200, answer.text
    return answer.json(), answer.headers["stanchion-position"]


def test_a_read_after_an_own_write_has_it(pair: Pair, web: Web, key: str) -> None:
    """Replaying is paused, so only the primary can have the item."""
    assert web.get("/item?select=item_id", X_Api_Key=key).status_code == 200
    with pair.paused():
        item, position = add(web, key, "Scarf")
        path = f"/item?item_id=eq.{item}&select=item_id"
        assert web.get(path, X_Api_Key=key, Stanchion_Position=position).json() == [{"item_id": item}]
        assert web.get(path, X_Api_Key=key).json() == [], "without the position the replica answers"
        assert web.get(path, X_Api_Key=key, Stanchion_Position="nonsense").json() == []
    pair.catch_up()
    assert web.get(path, X_Api_Key=key).json() == [{"item_id": item}]


def test_a_replica_that_ends_is_replaced_by_the_primary(pair: Pair, web: Web, key: str) -> None:
    item, _ = add(web, key, "Hat")
    pair.replica.down()
    for _ in range(20):
        answer = web.get(f"/item?item_id=eq.{item}&select=item_id", X_Api_Key=key)
        assert (answer.status_code, answer.json()) == (200, [{"item_id": item}])

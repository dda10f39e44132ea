"""Kept answers through PgBouncer in transaction mode, which delivers no notifications."""

import time
from collections.abc import Iterator

import psycopg
import pytest

from tests.conftest import Cluster
from tests.replicas.pooler import Pooler, pooling
from tests.serve.cache.conftest import Mart, require_seen, status
from tests.serve.web import serving

pytestmark = pytest.mark.debian


@pytest.fixture
def pooler(cluster: Cluster, mart: Mart) -> Iterator[Pooler]:
    with pooling(cluster, mart.login, sessions=1) as found:
        yield found


def test_an_answer_through_a_pooler_is_no_older_than_the_bound(mart: Mart, pooler: Pooler) -> None:
    with serving(pooler.dsn(mart.login)) as web:
        for goals in range(2, 6):
            assert mart.get(web).json()[0]["goals"] == goals - 1
            assert status(mart.get(web)) == "hit"
            mart.change(goals)
            require_seen(mart, web, goals)


def test_a_session_of_the_pooler_does_not_listen(mart: Mart, pooler: Pooler) -> None:
    """Every client that the session serves later would get the notifications, and keep them in its memory."""
    with serving(pooler.dsn(mart.login), "--metrics") as web:
        while "stanchion_serve_live_connects_total 1" not in web.get("/metrics").text:
            time.sleep(0.01)
        with psycopg.connect(pooler.dsn(mart.login), prepare_threshold=None, autocommit=True) as conn:
            assert conn.execute("select pg_listening_channels()").fetchall() == []

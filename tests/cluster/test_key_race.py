"""Exactly one of many concurrent sessions claims a key, whichever nodes they enter."""

import secrets
from collections import Counter
from threading import Barrier

import psycopg
import pytest

from tests.cluster.databases import Distributed
from tests.cluster.nodes import Node
from tests.cluster.test_silent_errors import UNGUARDED, once
from tests.cluster.workload import uuid7
from tests.sessions import Db, each_at_once

SESSIONS, ROUNDS = 12, 10


def race(cluster: Distributed, tenant: str, entries: list[Node], keys: list[str]) -> list[list[str]]:
    """Claim each key in one session per entry node at the same time; return the outcomes of each key."""
    login = cluster.make_login("stanchion_app")
    together = Barrier(len(entries))

    def claim_all(conn: Db) -> list[str]:
        outcomes = []
        for key in keys:
            together.wait()
            try:
                outcomes.append(once(conn, tenant, "select outcome from core.claim_key(%s, 'f')", key))
            except psycopg.Error as e:
                outcomes.append("refused" if e.sqlstate == "55000" else str(e))
        return outcomes

    by_session = each_at_once([(cluster.app_dsn(tenant, node, login), claim_all) for node in entries])
    return [list(outcomes) for outcomes in zip(*by_session, strict=True)]


@pytest.fixture(params=["keys of text", "UUIDv7"])
def keys(request: pytest.FixtureRequest) -> list[str]:
    if request.param == "UUIDv7":
        return [uuid7() for _ in range(ROUNDS)]
    return [f"key {number} {secrets.token_hex(4)}" for number in range(ROUNDS)]


@pytest.mark.slow
def test_one_session_claims_and_other_nodes_are_refused(one_cluster: Distributed, keys: list[str]) -> None:
    tenant = one_cluster.make_tenant(f"t{secrets.token_hex(4)}")
    home, other = one_cluster.home(tenant), one_cluster.other(tenant)
    third = SESSIONS // 3
    outcomes = race(one_cluster, tenant, [home, other, one_cluster.coordinator] * third, keys)
    expected = Counter({"claimed": 1, "in_progress": third - 1, "refused": 2 * third})
    assert [Counter(each) for each in outcomes] == [expected] * ROUNDS


@pytest.mark.slow
def test_one_session_of_a_small_cluster_claims(distributed: Distributed, keys: list[str]) -> None:
    """Where every session enters at the coordinator, the shards are still on other nodes."""
    with distributed.connect() as conn:
        conn.execute("update core.cluster set entry = 'coordinator'")
    outcomes = race(distributed, distributed.make_tenant("ours"), [distributed.coordinator] * SESSIONS, keys)
    assert [Counter(each) for each in outcomes] == [Counter({"claimed": 1, "in_progress": SESSIONS - 1})] * ROUNDS


@pytest.mark.slow
def test_one_session_claims_even_if_other_nodes_were_not_refused(distributed: Distributed, keys: list[str]) -> None:
    """The primary key decides on the shard, so a key is not claimed twice during a move."""
    with distributed.connect() as conn:
        conn.execute(UNGUARDED)
    tenant = distributed.make_tenant("ours")
    nodes = [distributed.home(tenant), distributed.other(tenant), distributed.coordinator]
    outcomes = race(distributed, tenant, nodes * (SESSIONS // 3), keys)
    assert [Counter(each) for each in outcomes] == [Counter({"claimed": 1, "in_progress": SESSIONS - 1})] * ROUNDS

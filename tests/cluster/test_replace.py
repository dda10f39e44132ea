"""`cluster replace-node`: a promoted standby takes the place of a lost node, with every row of its tenants."""

from __future__ import annotations

import pytest

from tests.cluster.databases import Distributed
from tests.cluster.nodes import Node
from tests.cluster.test_run import problems
from tests.conftest import Outcome
from tests.program import call_stanchion

pytestmark = pytest.mark.slow


def replace(database: Distributed, old: Node, new: Node, coordinator: Node | None = None) -> Outcome:
    names = (f"127.0.0.1:{node.port}" for node in (old, new))
    return call_stanchion(
        "cluster", "replace-node", *names, database_url=database.dsn(coordinator or database.coordinator)
    )


def promote(node: Node) -> None:
    with node.connect("postgres") as conn:
        assert conn.execute("select pg_promote()").fetchone() == (True,)


def test_promoted_standby_takes_the_place_of_a_worker(distributed: Distributed) -> None:
    lost, other = distributed.workers
    tenant = distributed.make_tenant("harbour", home=lost)
    claim = "select outcome from core.claim_key('a', 'f')"
    login = distributed.make_login("stanchion_app")
    with distributed.acting(tenant, lost, login) as conn:
        assert conn.execute(claim).fetchone() == ("claimed",)
    with distributed.nodes.standby(lost) as standby:
        refused = replace(distributed, lost, standby)
        assert (refused.code, "is still a standby" in refused.err) == (1, True), refused.err
        promote(standby)
        refused = replace(distributed, other, standby)
        assert (refused.code, "is not a copy of" in refused.err) == (1, True), refused.err
        lost.kill()
        try:
            done = replace(distributed, lost, standby)
            assert (done.code, done.err.count("Error")) == (0, 0), done.err
            assert "Nothing to do" in replace(distributed, lost, standby).out
            assert problems(distributed) == []
            with distributed.connect() as conn:
                home = conn.execute("select host, port from core.home_of(%s)", [tenant]).fetchone()
            assert home == ("127.0.0.1", standby.port)
            with distributed.acting(tenant, standby, login) as conn:
                assert conn.execute(claim).fetchone() != ("claimed",)
                assert conn.execute("select outcome from core.claim_key('b', 'f')").fetchone() == ("claimed",)
        finally:
            lost.restart()


def test_promoted_standby_takes_the_place_of_the_coordinator(distributed: Distributed) -> None:
    lost = distributed.coordinator
    with distributed.nodes.standby(lost) as standby:
        promote(standby)
        done = replace(distributed, lost, standby, standby)
        assert done.code == 0, done.err
        with distributed.connect(standby) as conn:
            assert conn.execute("select coordinator from core.cluster").fetchone() == (f"127.0.0.1:{standby.port}",)
            (tenant,) = conn.execute("select core.create_tenant('harbour', 'Harbour', 'league')").fetchone()
        with distributed.connect(distributed.workers[0]) as conn:
            assert conn.execute("select slug from core.tenant").fetchall() == [("harbour",)]
            address = conn.execute("select nodeport from pg_dist_node where groupid = 0").fetchone()
        assert address == (standby.port,)
        assert tenant


def test_another_node_is_refused(distributed: Distributed) -> None:
    refused = replace(distributed, *distributed.workers)
    assert (refused.code, "is another node of the cluster" in refused.err) == (1, True), refused.err


def test_unknown_node_is_refused(distributed: Distributed) -> None:
    refused = replace(distributed, Node(distributed.coordinator.server, 1), Node(distributed.coordinator.server, 2))
    assert (refused.code, "127.0.0.1:1 is not a node of the cluster" in refused.err) == (1, True)

"""The functions of every role answer on a cluster as on plain Postgres, and each call of one tenant uses one shard."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.cluster.databases import Distributed
from tests.cluster.nodes import Node
from tests.cluster.workload import Outcome, Sessions, calls, make_logins
from tests.sessions import Db

REFUSED = "55000"  # the SQLSTATE of a write through another node than the one of the tenant
MISSING = "P0002"  # the SQLSTATE for a row that an earlier call would have written
THROUGH_COORDINATOR = 92 / 95  # the least part of the calls that is right where every session enters there


@dataclass(frozen=True)
class Run:
    tenant: str
    outcomes: list[Outcome]

    def refuse_wrong(self, allowed: Callable[[Outcome], bool] = lambda outcome: False) -> None:
        """Fail with one line per call that did not answer as expected and is not allowed to."""
        wrong = [str(outcome) for outcome in self.outcomes if not outcome.right and not allowed(outcome)]
        if wrong:
            pytest.fail("\n".join([f"{len(wrong)} of {len(self.outcomes)} calls:", *wrong]), pytrace=False)


def run(db: Db, tenant: str, slug: str, entry: str, coordinator: str | None = None) -> Run:
    seed = secrets.token_hex(3)
    sessions = Sessions(entry, make_logins(db, seed), db, coordinator)
    try:
        return Run(tenant, [sessions.run(call, tenant, seed) for call in calls(seed, tenant, slug)])
    finally:
        sessions.close()


def run_on(cluster: Distributed, entry: Callable[[str], Node]) -> Run:
    """Run the workload of a new tenant of the last worker."""
    slug = f"w{secrets.token_hex(3)}"
    tenant = cluster.make_tenant(slug, home=cluster.workers[-1])
    with cluster.connect() as conn:
        return run(conn, tenant, slug, cluster.dsn(entry(tenant)), cluster.dsn(cluster.coordinator))


def rows(cluster: Distributed, tenant: str) -> dict[str, int]:
    """Return the number of rows of a tenant, by distributed table."""
    with cluster.connect() as conn:
        tables = conn.execute("select name from core.placement where class = 'distributed' order by name").fetchall()
        counts = {
            name: conn.execute(f"select count(*) from {name} where tenant_id = %s", [tenant]) for (name,) in tables
        }
        return {name: number for name, cursor in counts.items() if (number := cursor.fetchone()[0])}


def test_the_workload_is_right_on_plain_postgres(db: Db, dsn: str, tenants: dict[str, str]) -> None:
    done = run(db, tenants["ours"], "ours", dsn)
    done.refuse_wrong()
    assert len(done.outcomes) >= 95


@pytest.fixture(scope="module")
def through_home(one_cluster: Distributed) -> Run:
    return run_on(one_cluster, one_cluster.home)


@pytest.mark.slow
def test_every_call_is_right_through_the_node_of_its_tenant(through_home: Run) -> None:
    through_home.refuse_wrong()


def test_each_call_of_one_tenant_uses_one_shard(through_home: Run) -> None:
    """The entry node logs each command that it executes on a shard, here or on another node."""
    many = [
        f"{o.call.name}: {o.shards} shards" for o in through_home.outcomes if o.call.scope == "tenant" and o.shards > 1
    ]
    assert many == []
    assert sum(outcome.shards == 1 for outcome in through_home.outcomes) >= 80


def test_each_call_of_one_tenant_stays_on_its_node(through_home: Run) -> None:
    """Only calls that write a table of which every node has a copy leave the node of the tenant."""
    of_one = [outcome for outcome in through_home.outcomes if outcome.call.scope == "tenant"]
    left = {outcome.call.name: outcome.remote for outcome in of_one if outcome.remote}
    if unexpected := [f"{name}: {sent}" for name, sent in left.items() if name not in WRITE_COPIES]:
        pytest.fail("\n".join(unexpected), pytrace=False)


WRITE_COPIES = {
    "core.set_tenant_config",
    "core.add_tenant_domain",
    "workspace.subscribe",
    "workspace.end_subscription",
    "core.set_tenant_status",
    "landing.begin_load and landing.finish_load",  # the coordinator gives the id
}


@pytest.mark.slow
def test_calls_are_right_through_the_coordinator_of_a_small_cluster(distributed: Distributed) -> None:
    """Where every session enters at the coordinator, a call is right or is refused with a sentence."""
    with distributed.connect() as conn:
        conn.execute("update core.cluster set entry = 'coordinator'")
    done = run_on(distributed, lambda tenant: distributed.coordinator)
    right = sum(outcome.right for outcome in done.outcomes)
    done.refuse_wrong(lambda outcome: bool(outcome.error) and right >= THROUGH_COORDINATOR * len(done.outcomes))
    assert [o for o in done.outcomes if o.call.scope == "tenant" and o.shards > 1] == []


@pytest.mark.slow
@pytest.mark.parametrize("entry", ["coordinator", "other worker"])
def test_another_node_refuses_every_write(entry: str, one_cluster: Distributed) -> None:
    """A call through another node than the one of the tenant is refused, reads, or writes a table with copies.

    The audit log has rows of the calls that write copies, because no consumer reads it by a position.
    """
    node = (lambda tenant: one_cluster.coordinator) if entry == "coordinator" else one_cluster.other
    done = run_on(one_cluster, node)
    unexpected = [
        str(outcome)
        for outcome in done.outcomes
        if outcome.call.scope == "tenant" and outcome.error and not outcome.error.startswith((REFUSED, MISSING))
    ]
    if unexpected:
        pytest.fail("\n".join(unexpected), pytrace=False)
    assert set(rows(one_cluster, done.tenant)) <= {"core.audit_log"}
    assert sum((outcome.error or "").startswith(REFUSED) for outcome in done.outcomes) >= 60


@pytest.mark.slow
@pytest.mark.parametrize("entry", ["coordinator", "other worker"])
def test_another_node_reads_a_tenant(entry: str, one_cluster: Distributed, through_home: Run) -> None:
    node = one_cluster.coordinator if entry == "coordinator" else one_cluster.other(through_home.tenant)
    expected = rows(one_cluster, through_home.tenant)
    with one_cluster.connect(node) as conn:
        for name, number in expected.items():
            statement = f"select count(*) from {name} where tenant_id = %s"
            assert conn.execute(statement, [through_home.tenant]).fetchone() == (number,), name

"""stanchion audit on a cluster compares every node and shard, and attacks from every node and from the coordinator."""

from __future__ import annotations

import pytest

from stanchion.audit.findings import Finding
from stanchion.audit.run import audit
from stanchion.server.connection import connect
from tests.cluster.databases import Distributed

from .test_doctor import on_worker, server_of, shard_of


def findings(database: Distributed, *parts: str) -> list[Finding]:
    """Return the findings of these parts of an audit."""
    server = server_of(database)
    with connect(server) as conn:
        return audit(conn, server.dsn, lambda _: None, parts).findings


def test_nodes_of_a_new_cluster_equal_the_coordinator(distributed: Distributed) -> None:
    assert findings(distributed, "nodes") == []


def test_every_rule_runs_on_a_cluster(distributed: Distributed) -> None:
    assert findings(distributed, "rules") == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("create policy leak on {} for select to stanchion_app using (true)", "has the additional policy leak"),
        ("grant truncate on {} to stanchion_app", "has the right TRUNCATE of stanchion_app"),
    ],
)
def test_planted_hole_in_a_shard_is_found(distributed: Distributed, change: str, problem: str) -> None:
    shard = shard_of(distributed, "core.principal")
    on_worker(distributed, change.format(shard))
    (found,) = findings(distributed, "nodes")
    assert found.object == f"{shard} at 127.0.0.1:{distributed.workers[0].port}"
    assert problem in found.problem


def test_policy_that_a_node_lacks_is_found(distributed: Distributed) -> None:
    on_worker(distributed, "drop policy own_tenant on core.tenant")
    found = findings(distributed, "nodes")
    assert any("own_tenant" in finding.problem for finding in found)


def test_membership_that_a_node_has_alone_is_found(distributed: Distributed) -> None:
    node = distributed.workers[0]
    with distributed.connect(node, options="-c citus.enable_ddl_propagation=off") as conn:
        conn.execute("create role of_one_node login in role stanchion_dba")
        try:
            found = findings(distributed, "nodes")
        finally:
            conn.execute("drop role of_one_node")
    assert {(each.object, "of_one_node" in each.problem) for each in found} == {(f"127.0.0.1:{node.port}", True)}


def test_rule_that_a_node_breaks_is_found(distributed: Distributed) -> None:
    on_worker(distributed, "alter table core.principal no force row level security")
    found = [each.object for each in findings(distributed, "nodes") if each.check == "rls_is_forced"]
    assert found == [f"core.principal at 127.0.0.1:{distributed.workers[0].port}"]


@pytest.mark.slow
@pytest.mark.exhaustive
def test_definer_function_that_one_node_has_is_found(distributed: Distributed) -> None:
    """It reads with the rights of a superuser, and forgets the tenant."""
    on_worker(
        distributed,
        "create function core.forgetful() returns setof core.principal language sql stable security definer "
        "set search_path = pg_catalog, pg_temp as 'select p.* from core.principal as p'",
        "grant execute on function core.forgetful() to stanchion_worker",
    )
    found = findings(distributed, "worker")
    assert any(each.object.startswith("core.forgetful") and "another tenant" in each.problem for each in found)


@pytest.mark.slow
@pytest.mark.exhaustive
def test_worker_reaches_no_other_tenant_from_any_node(distributed: Distributed) -> None:
    assert findings(distributed, "worker") == []


@pytest.mark.slow
@pytest.mark.exhaustive
def test_attack_reads_a_shard_with_a_planted_policy(distributed: Distributed) -> None:
    """The first worker gives the rows of every tenant in its shards to the job worker, who names the shards."""
    for number in range(2):
        shard = shard_of(distributed, "core.principal", number)
        on_worker(
            distributed,
            f"grant select on {shard} to stanchion_worker",
            f"create policy leak on {shard} for select to stanchion_worker using (true)",
        )
    found = findings(distributed, "worker")
    assert any(
        "core.principal_" in finding.object and "shows rows of another tenant" in finding.problem for finding in found
    )

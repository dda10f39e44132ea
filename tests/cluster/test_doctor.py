"""stanchion doctor on a cluster checks every node, every shard and every copy of a reference table."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from stanchion.cluster.doctor import examine_cluster
from stanchion.cluster.shards import read_protected, restore_rights
from stanchion.server.connection import connect
from stanchion.server.locate import Server
from tests.cluster.databases import Distributed

# the programs and settings of the test servers, and logins that other tests left
EXPECTED = {"cluster_security_fixes", "cluster_durability", "cluster_timeouts"}


def server_of(database: Distributed) -> Server:
    return Server(database.dsn(database.coordinator), "--dsn", embedded=False, description="the coordinator")


def alerts(database: Distributed) -> dict[str, list[str]]:
    """Return the problems of each check that found any."""
    server = server_of(database)
    with connect(server) as conn:
        checks = list(examine_cluster(server, conn))
    return {
        check.name: [alert.problem for alert in check.alerts]
        for check in checks
        if check.alerts and check.name not in EXPECTED
    }


def shard_of(database: Distributed, table: str, number: int = 0) -> str:
    """Return the name of a shard on the first worker."""
    with database.connect(database.workers[0]) as conn:
        return [each.name for each in read_protected(conn) if each.table == table and each.name != table][number]


def on_worker(database: Distributed, *statements: str) -> None:
    """Run statements on the first worker alone, as a superuser."""
    with database.connect(database.workers[0]) as conn:
        conn.execute("set citus.enable_ddl_propagation = off")
        conn.execute("set citus.enable_manual_changes_to_shards = on")
        for statement in statements:
            conn.execute(statement)


def test_a_new_cluster_has_no_alert(distributed: Distributed) -> None:
    assert alerts(distributed) == {}


def test_plain_postgres_has_no_check_of_a_cluster(undistributed: Distributed) -> None:
    server = server_of(undistributed)
    with connect(server) as conn:
        assert list(examine_cluster(server, conn)) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("grant truncate on {} to stanchion_owner", "has the right TRUNCATE of stanchion_owner"),
        ("grant select on {} to public", "has the right SELECT of public"),
        ("alter table {} no force row level security", "does not force row-level security"),
        ("alter table {} disable row level security", "has no row-level security"),
        ("create policy leak on {} using (true)", "has the additional policy leak"),
        ("alter table {} owner to postgres", "belongs to postgres, expected stanchion_owner"),
    ],
)
def test_a_shard_that_differs_from_its_table_is_found(distributed: Distributed, change: str, problem: str) -> None:
    shard = shard_of(distributed, "core.audit_log")
    on_worker(distributed, change.format(shard))
    (found,) = alerts(distributed)["cluster_shards"]
    assert shard in found
    assert problem in found


def test_revoked_rights_are_revoked_on_shards_again(distributed: Distributed) -> None:
    """A copy of a shard that a move makes has the rights of a new table."""
    shard = shard_of(distributed, "core.audit_log")
    on_worker(distributed, f"grant update, truncate on {shard} to stanchion_owner")
    server = server_of(distributed)
    with connect(server) as conn:
        assert restore_rights(server, conn) == ["core.audit_log"]
        assert restore_rights(server, conn) == []
    assert alerts(distributed) == {}


def test_a_copy_of_a_reference_table_that_changed_alone_is_found(distributed: Distributed) -> None:
    distributed.make_tenant("harbour")
    copy = shard_of(distributed, "core.tenant")
    on_worker(distributed, f"update {copy} set name = 'changed'")
    (found,) = alerts(distributed)["cluster_copies"]
    assert "its copy of core.tenant differs" in found


def test_a_dead_load_is_found_at_the_node_of_its_tenant(distributed: Distributed) -> None:
    home = distributed.workers[1]
    tenant = distributed.make_tenant("harbour", home=home)
    with distributed.connect(home) as conn:
        conn.execute(
            "insert into landing.load_batch (tenant_id, load_id, state, kind, source) "
            "values (%s, 1, 'running', 'games', 'x')",
            [tenant],
        )
    (found,) = alerts(distributed)["cluster_loads_dead"]
    assert found.startswith(f"127.0.0.1:{home.port}: Load 1 is in state running")


def test_a_partition_that_a_node_lacks_is_found(distributed: Distributed) -> None:
    with distributed.connect() as conn:
        (partition,) = conn.execute(
            "select min(t.relid::regclass::text) from pg_partition_tree('core.job_done') as t where t.isleaf"
        ).fetchone()
    on_worker(distributed, f"drop table {partition}")
    found = alerts(distributed)
    assert found.keys() >= {"cluster_partitions"}
    assert partition.removeprefix("parts.") in found["cluster_partitions"][0]


def test_a_role_that_the_nodes_lack_is_found(distributed: Distributed) -> None:
    with distributed.connect(options="-c citus.enable_ddl_propagation=off") as conn:
        conn.execute("create role of_coordinator login in role stanchion_app")
        try:
            found = alerts(distributed)["cluster_roles"]
        finally:
            conn.execute("drop role of_coordinator")
    assert len(found) == len(distributed.workers)
    assert all("of_coordinator" in problem for problem in found)


@pytest.mark.exhaustive
@pytest.mark.slow
def test_a_transaction_that_was_left_prepared_is_found(distributed: Distributed) -> None:
    """A commit needs seconds, so a transaction is an alert after a minute."""
    with distributed.connect(distributed.workers[1]) as conn:
        conn.execute("begin; create table public.left_behind (); prepare transaction 'left'")
        try:
            assert "cluster_prepared" not in alerts(distributed)
            conn.execute("select pg_sleep(61)")
            (found,) = alerts(distributed)["cluster_prepared"]
        finally:
            conn.execute("rollback prepared 'left'")
    assert found.startswith(f"127.0.0.1:{distributed.workers[1].port} has 1 prepared transactions")


def test_a_node_that_is_down_is_one_alert_and_the_others_are_checked(distributed: Distributed) -> None:
    lost = distributed.workers[1]
    shard = shard_of(distributed, "core.audit_log")
    on_worker(distributed, f"grant truncate on {shard} to stanchion_owner")
    lost.kill()
    try:
        found = alerts(distributed)
    finally:
        lost.restart()
    assert any(str(lost.port) in problem for problem in found["cluster_nodes"])
    assert shard in found["cluster_shards"][0]


@pytest.fixture
def ensure(distributed: Distributed) -> Callable[[str, str], int]:
    """Return a function that makes the partitions of a table from a day on, given relative to today, for two days."""

    def run(relation: str, day: str) -> int:
        with distributed.connect() as conn:
            today = "core.utc_day(core.clock()) + %s::integer"
            statement = f"select core.ensure_partitions(%s, {today}, {today} + 1)"
            return conn.execute(statement, [relation, day, day]).fetchone()[0]

    return run


def test_partitions_of_past_days_are_refused_above_the_limit(
    distributed: Distributed, ensure: Callable[[str, str], int]
) -> None:
    with distributed.connect() as conn:
        conn.execute("update ops.threshold set threshold = 10 where name = 'shard_tables'")
        with pytest.raises(psycopg.errors.ProgramLimitExceeded, match="more than the threshold of 10"):
            ensure("core.idempotency_key", "-30")
        assert ensure("core.idempotency_key", "10") == 2, "a coming day must exist, or writes would fail"
        rows = conn.execute("select problem from ops.alert where name = 'shard_tables'").fetchall()
    assert len(rows) >= 2


def test_new_partitions_are_months_and_hidden_on_every_node(distributed: Distributed) -> None:
    with distributed.connect() as conn:
        conn.execute("select core.ensure_partitions('core.event', '2020-01-05', '2020-02-05')")
        spans = conn.execute("select until - day from core.partition where day < '2021-01-01' order by day").fetchall()
    assert spans == [(31,), (29,)]
    assert alerts(distributed) == {}


def test_expired_partitions_are_dropped_on_every_node(distributed: Distributed) -> None:
    from tests.program import call_stanchion

    with distributed.connect() as conn:
        conn.execute(
            "select core.ensure_partitions('core.job_done', t.today - 20, t.today - 19) "
            "from (select core.utc_day(core.clock()) as today) as t"
        )
    outcome = call_stanchion("partitions", "run", database_url=distributed.dsn(distributed.coordinator))
    assert outcome.code == 0, outcome.err
    assert outcome.out.count("dropped    core.job_done") == 2
    assert alerts(distributed) == {}


def test_partition_status_shows_the_rows_of_shards(distributed: Distributed) -> None:
    from tests.program import call_stanchion

    tenant = distributed.make_tenant("harbour")
    with psycopg.connect(distributed.app_dsn(tenant), autocommit=True) as conn:
        conn.execute("select core.claim_key('a', 'f')")
    outcome = call_stanchion("partitions", "status", database_url=distributed.dsn(distributed.coordinator))
    (line,) = [
        line for line in outcome.out.splitlines() if line.startswith("core.idempotency_key") and "kB" not in line
    ]
    assert "■" in line

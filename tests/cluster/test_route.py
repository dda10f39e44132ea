"""Sessions of a tenant enter at its node: commands, workers, loaders and PgBouncer find it."""

import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

import psycopg
import pytest

from stanchion.cluster import move
from stanchion.cluster.home import at_coordinator, at_home, every_node, for_tenant_at_home, home_of, homes
from stanchion.ingest.loading.session import open_session
from stanchion.jobs.worker import JobResult, Options, run, run_once
from stanchion.server.connection import connect, value
from stanchion.server.locate import Server
from tests.cluster.databases import Distributed
from tests.cluster.nodes import Node
from tests.conftest import Outcome, run_stanchion
from tests.replicas.pooler import Pooler, serving

REFUSED = psycopg.errors.ObjectNotInPrerequisiteState
ENQUEUE = "select core.enqueue('contest.confirm', '{}', %s)"


@pytest.fixture(scope="module")
def cluster_of_two(one_cluster: Distributed) -> dict[str, Node]:
    """Create the tenants north and south, each at the node that the mapping contains."""
    placed = dict(zip(("north", "south"), one_cluster.workers, strict=True))
    for slug, node in placed.items():
        one_cluster.make_tenant(slug, home=node)
    return placed


@pytest.fixture
def server(one_cluster: Distributed) -> Server:
    return Server(one_cluster.dsn(one_cluster.coordinator), "test", embedded=False, description="the coordinator")


@pytest.fixture
def command(one_cluster: Distributed) -> Callable[..., Outcome]:
    return lambda *args, **options: run_stanchion(
        *args, **({"database_url": one_cluster.dsn(one_cluster.coordinator)} | options)
    )


def id_of(database: Distributed, slug: str) -> str:
    with database.connect() as conn:
        return str(conn.execute("select tenant_id from core.tenant where slug = %s", [slug]).fetchone()[0])


def test_every_node_knows_the_home_of_a_tenant(one_cluster: Distributed, cluster_of_two: dict[str, Node]) -> None:
    login = one_cluster.make_login("stanchion_app")
    for slug, home in cluster_of_two.items():
        tenant = id_of(one_cluster, slug)
        for node in one_cluster.nodes.nodes:
            with one_cluster.connect(node, user=login) as conn:
                assert conn.execute("select port from core.home_of(%s)", [tenant]).fetchone() == (home.port,)


def test_another_node_refuses_to_write(one_cluster: Distributed, cluster_of_two: dict[str, Node]) -> None:
    """test_workload.py tries every function; here are the tables that applications write directly."""
    login, tenant = one_cluster.make_login("stanchion_app"), id_of(one_cluster, "north")
    direct = [
        "insert into workspace.favourite (tenant_id, principal_id, favourite_id) values (%(tenant)s, %(one)s, %(one)s)",
        "insert into workspace.block (tenant_id, principal_id, blocked_id) values (%(tenant)s, %(one)s, %(one)s)",
        "insert into workspace.profile (tenant_id, principal_id, headline) values (%(tenant)s, %(one)s, 'a')",
    ]
    one = str(uuid.uuid4())
    for node in (one_cluster.coordinator, cluster_of_two["south"]):
        with psycopg.connect(one_cluster.app_dsn(tenant, node, login), autocommit=True) as conn:
            with pytest.raises(REFUSED, match=rf"127\.0\.0\.1:{cluster_of_two['north'].port}"):
                conn.execute("select core.tenant_to_write()")
            conn.execute("select set_config('app.principal_id', %s, false)", [one])
            for statement in direct:
                with pytest.raises(REFUSED):
                    conn.execute(statement, {"tenant": tenant, "one": one})


def test_everything_is_refused_while_the_cluster_is_built(distributed: Distributed) -> None:
    tenant = distributed.make_tenant("harbour")
    with distributed.connect() as conn:
        conn.execute("update core.cluster set state = 'undoing'")
    with (
        psycopg.connect(distributed.app_dsn(tenant), autocommit=True) as conn,
        pytest.raises(REFUSED, match="the cluster is undoing tables"),
    ):
        conn.execute("select core.tenant_to_write()")


def test_the_coordinator_is_asked_above_read_committed_only(distributed: Distributed) -> None:
    tenant = distributed.make_tenant("ours")
    with distributed.acting(tenant) as conn, distributed.connect() as operator:
        operator.execute(f"alter database {distributed.name} connection limit 0")
        conn.execute("select core.tenant_to_write()")
        conn.execute("set default_transaction_isolation = 'repeatable read'")
        with pytest.raises(psycopg.OperationalError, match="did not return the home of tenant") as failed:
            conn.execute("select core.tenant_to_write()")
        assert failed.value.sqlstate == "08006"


def test_entry_at_the_coordinator_makes_it_the_home_of_all(distributed: Distributed) -> None:
    tenant = distributed.make_tenant("harbour")
    with distributed.connect() as conn:
        conn.execute("update core.cluster set entry = 'coordinator'")
    login = distributed.make_login("stanchion_app")
    with distributed.connect(distributed.coordinator, user=login) as conn, conn.transaction():
        conn.execute("select core.set_local('app.tenant_id', %s)", [tenant])
        assert conn.execute("select outcome from core.claim_key('k', 'f')").fetchone() == ("claimed",)
        port = conn.execute("select port from core.home_of(%s)", [tenant]).fetchone()[0]
    assert port == distributed.coordinator.port
    for worker in distributed.workers:
        with (
            psycopg.connect(distributed.app_dsn(tenant, worker, login), autocommit=True) as conn,
            pytest.raises(REFUSED, match=rf"through the node 127\.0\.0\.1:{port}"),
        ):
            conn.execute("select core.claim_key('k', 'f')")


def test_connections_in_python_follow_the_tenant(
    one_cluster: Distributed, cluster_of_two: dict[str, Node], server: Server
) -> None:
    with connect(server) as conn:
        assert [node.port for node in homes(conn)] == [node.port for node in one_cluster.workers]
        for slug, home in cluster_of_two.items():
            with for_tenant_at_home(conn, slug) as acting:
                assert acting.conn.info.port == home.port
                assert value(acting.conn, "select core.tenant_to_write()") == acting.tenant_id
            with at_home(conn, acting.tenant_id) as there:
                assert home_of(there, acting.tenant_id) is None
                with at_coordinator(there) as back:
                    assert back.info.port == one_cluster.coordinator.port
            with open_session(server, slug) as session:
                assert session.conn.info.port == home.port
                assert f"port={home.port}" in session.server.dsn
        with every_node(conn) as nodes:
            assert [node.info.port for node in nodes] == [node.port for node in one_cluster.nodes.nodes]


def test_commands_print_the_node(
    one_cluster: Distributed, cluster_of_two: dict[str, Node], command: Callable[..., Outcome]
) -> None:
    for slug, home in cluster_of_two.items():
        assert command("cluster", "route", slug).out == f"127.0.0.1:{home.port}\n"
        dsn = command("dsn", "--tenant", slug).out.strip()
        with psycopg.connect(dsn, autocommit=True) as conn:
            assert conn.info.port == home.port
    table = command("cluster", "route").out
    assert all(f"127.0.0.1:{node.port}" in table for node in one_cluster.nodes.nodes)
    addresses = ",".join(f"127.0.0.1:{node.port}=db{node.port}.example:6432" for node in one_cluster.nodes.nodes)
    seen = command("cluster", "route", "north", STANCHION_NODE_ADDRESSES=addresses)
    assert seen.out == f"db{cluster_of_two['north'].port}.example:6432\n"
    wrong = command("cluster", "route", "north", STANCHION_NODE_ADDRESSES="db1.example")
    assert (wrong.code, "write host:port=host:port pairs" in wrong.err) == (1, True)


def test_commands_for_a_tenant_work_at_its_node(
    one_cluster: Distributed, cluster_of_two: dict[str, Node], command: Callable[..., Outcome]
) -> None:
    for slug in cluster_of_two:
        for args in (
            ["tenant", "config", slug, "contest.period_seconds", "1080"],
            ["tenant", "domain", slug, f"{slug}.example"],
            ["tenant", "suspend", slug],
            ["tenant", "resume", slug],
            ["key", "create", slug, "scoreboard"],
            ["key", "list", slug],
            ["key", "revoke", slug, "scoreboard"],
            ["replay", "--tenant", slug],
        ):
            done = command(*args)
            assert done.code == 0, (args, done.err)
    with one_cluster.connect() as conn:
        keys = conn.execute("select count(*) from core.api_key where revoked_at is not null").fetchone()
    assert keys == (2,)


def test_one_worker_runs_the_jobs_of_all_nodes(
    one_cluster: Distributed, cluster_of_two: dict[str, Node], server: Server
) -> None:
    login = one_cluster.make_login("stanchion_app")
    for slug in cluster_of_two:
        with psycopg.connect(one_cluster.app_dsn(id_of(one_cluster, slug), login=login), autocommit=True) as conn:
            conn.execute(ENQUEUE, ["once"])
    results: list[JobResult] = []
    run_once(server, Options(), Event(), results.append)
    assert sorted(str(each.tenant_id) for each in results) == sorted(
        id_of(one_cluster, slug) for slug in cluster_of_two
    )
    assert {each.outcome for each in results} <= {"done", "failed", "dead"}


def test_a_worker_follows_a_tenant_that_moves(distributed: Distributed) -> None:
    """Each job runs once, before or after the move; the worker ends when it is stopped."""
    first, second = distributed.workers
    tenant = distributed.make_tenant("harbour", home=first)
    login, stop = distributed.make_login("stanchion_app"), Event()
    results: list[JobResult] = []
    coordinator = Server(distributed.dsn(distributed.coordinator), "test", embedded=False, description="test")
    worker = Thread(target=run, args=[coordinator, Options(poll=0.1), stop, results.append, lambda line: None])
    worker.start()
    try:
        for number in range(20):
            with psycopg.connect(distributed.app_dsn(tenant, login=login), autocommit=True) as conn:
                conn.execute("select core.enqueue('stock.orders', '{}', %s)", [f"k{number}"])
            if number == 10:
                with connect(coordinator) as conn:
                    move.move(conn, "harbour", move.targets(conn)[1], "auto", lambda line: None)
        until = time.monotonic() + 120
        while len({each.job_id for each in results if str(each.tenant_id) == tenant}) < 20 and time.monotonic() < until:
            time.sleep(0.1)
    finally:
        stop.set()
        worker.join(30)
    assert not worker.is_alive()
    assert distributed.home(tenant) == second
    ran = [each for each in results if str(each.tenant_id) == tenant]
    finished = [each.job_id for each in ran if each.outcome in ("done", "dead")]
    assert len(finished) == len(set(finished))
    assert len({each.job_id for each in ran}) == 20


@pytest.fixture
def pooler(
    one_cluster: Distributed, cluster_of_two: dict[str, Node], command: Callable[..., Outcome]
) -> Iterator[Pooler]:
    """Start PgBouncer with the entries that `cluster route --pgbouncer` prints."""
    entries = command("cluster", "route", "--pgbouncer").out
    probe = one_cluster.dsn(one_cluster.coordinator)
    with serving(entries, {"postgres": ""}, probe, "auth_type = trust\n") as pooler:
        yield pooler


@pytest.mark.debian
def test_pgbouncer_leads_to_the_node_of_a_tenant(
    one_cluster: Distributed, cluster_of_two: dict[str, Node], pooler: Pooler, command: Callable[..., Outcome]
) -> None:
    for slug in cluster_of_two:
        name = command("cluster", "route", slug, "--pgbouncer").out.strip()
        claim = "select outcome from core.claim_key('pooled', 'f')"
        dsn = pooler.dsn(one_cluster.dsn(one_cluster.coordinator, dbname=name))
        with psycopg.connect(dsn, prepare_threshold=None) as conn:
            conn.execute("select core.set_local('app.tenant_id', %s)", [id_of(one_cluster, slug)])
            assert conn.execute(claim).fetchone() == ("claimed",)
        other = pooler.dsn(one_cluster.dsn(one_cluster.coordinator))
        with psycopg.connect(other, prepare_threshold=None) as conn:
            conn.execute("select core.set_local('app.tenant_id', %s)", [id_of(one_cluster, slug)])
            with pytest.raises(REFUSED):
                conn.execute(claim)


def test_a_load_runs_at_the_node_of_its_tenant(
    one_cluster: Distributed, cluster_of_two: dict[str, Node], command: Callable[..., Outcome], tmp_path: Path
) -> None:
    made = command("sample", "--games", "2", "--out", str(tmp_path / "league"))
    assert made.code == 0, made.err
    for slug in cluster_of_two:
        for args in (
            ["games", "schedule", "load", str(tmp_path / "league/schedule.csv")],
            ["load", str(tmp_path / "league/exports"), "--jobs", "2"],
        ):
            done = command(*args, "--tenant", slug)
            assert done.code == 0, done.err + done.out
    with one_cluster.connect() as conn:
        ids = [id_of(one_cluster, slug) for slug in cluster_of_two]
        loads = "select state, count(distinct load_id), count(*) from landing.load_batch where tenant_id = any(%s) "
        loads += "group by state"
        assert conn.execute(loads, [ids]).fetchall() == [("done", 4, 4)]
        games = "select count(*), count(distinct tenant_id) from contest.fixture where tenant_id = any(%s)"
        assert conn.execute(games, [ids]).fetchone() == (4, 2)

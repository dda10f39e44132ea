"""`cluster run`, `status`, `add-node` and `undo`: equal rows in every state, and resumable at every step."""

import random
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from stanchion.cluster.plan import ROLES, make_plan
from tests.cluster.databases import Distributed
from tests.cluster.nodes import SHARDS, Node
from tests.conftest import PROGRAM, Outcome, run_stanchion
from tests.sessions import Db

TENANTS = 6
PAUSES = random.Random(18)


def command(database: Distributed, *args: str) -> Outcome:
    return run_stanchion(*args, database_url=database.dsn(database.coordinator))


def run_args(database: Distributed, *more: str) -> list[str]:
    workers = ",".join(f"127.0.0.1:{node.port}" for node in database.workers)
    return ["cluster", "run", "--workers", workers, "--shards", str(SHARDS), *more]


def succeed(outcome: Outcome) -> str:
    assert outcome.code == 0, outcome.err + outcome.out
    return outcome.out


def as_tenant(conn: Db, tenant: str, statement: str, *values: Any) -> Any:
    """Run a statement in a transaction of the tenant; return its first column."""
    with conn.transaction():
        conn.execute(f"set local app.tenant_id = '{tenant}'")
        return conn.execute(statement, values).fetchone()[0]


def append(conn: Db, tenant: str, count: int, stream: str = "s") -> None:
    for _ in range(count):
        as_tenant(conn, tenant, "select core.append_events('test', %s, null, '[{\"type\": \"a\"}]')", stream)


def poll(conn: Db, tenant: str, limit: int) -> list[int]:
    """Return the versions of the next events of a consumer, and remember its place."""
    return list(
        as_tenant(
            conn,
            tenant,
            "select array_agg(p.version order by p.version) from core.poll_events('reader', %s) as p",
            limit,
        )
        or []
    )


@pytest.fixture
def used(undistributed: Distributed) -> dict[str, str]:
    """Fill a deployed database with the rows of some tenants; return their ids by slug."""
    with undistributed.connect() as conn:
        made = {}
        for number in range(TENANTS):
            slug = f"t{number}"
            made[slug] = str(conn.execute("select core.create_tenant(%s, %s, 'league')", [slug, slug]).fetchone()[0])
            append(conn, made[slug], 5)
            as_tenant(conn, made[slug], "select outcome from core.claim_key(%s, 'f')", f"key {slug}")
            as_tenant(conn, made[slug], "select core.enqueue('contest.confirm', '{}')")
            assert poll(conn, made[slug], 2) == [1, 2]
    return made


def rows_of(database: Distributed) -> dict[str, tuple[int, str]]:
    """Return the number of rows and a digest of each table, without the numbers of a home node."""
    found = {}
    with database.connect() as conn:
        for table in make_plan(conn, SHARDS).tables:
            if table.type == "local" or table.name.startswith("core.cluster"):
                continue
            columns = conn.execute(
                "select string_agg(format('%%I::text', a.attname), ', ') from pg_attribute as a where a.attrelid = %s "
                "and a.attnum > 0 and not a.attisdropped and a.attname not in ('transaction_id', 'position')",
                [table.relation],
            ).fetchone()[0]
            found[table.name] = conn.execute(
                f"select count(*), sum(hashtextextended(concat_ws('|', {columns}), 0)) from {table.name}"
            ).fetchone()
    return found


def problems(database: Distributed) -> list[str]:
    outcome = command(database, "cluster", "status")
    found = [line for line in outcome.out.splitlines() if line.startswith("problem: ")]
    assert (outcome.code == 1) == bool(found), outcome.err
    return found


def test_run_and_undo_keep_every_row(undistributed: Distributed, used: dict[str, str]) -> None:
    before = rows_of(undistributed)
    succeed(command(undistributed, *run_args(undistributed)))
    assert rows_of(undistributed) == before
    assert "Nothing to do" in succeed(command(undistributed, *run_args(undistributed)))
    succeed(command(undistributed, "verify"))
    assert problems(undistributed) == []

    for tenant in used.values():
        with undistributed.connect(undistributed.home(tenant)) as conn:
            append(conn, tenant, 3)
            as_tenant(conn, tenant, "select core.enqueue('contest.confirm', '{}')")
    worked = rows_of(undistributed)
    assert worked["core.event"][0] == before["core.event"][0] + 3 * TENANTS

    succeed(command(undistributed, "cluster", "undo", "--yes"))
    assert rows_of(undistributed) == worked
    succeed(command(undistributed, "verify"))
    assert "Nothing to do" in succeed(command(undistributed, "cluster", "undo", "--yes"))
    with undistributed.connect() as conn:
        assert conn.execute("select count(*) from pg_extension where extname like 'citus%'").fetchone()[0] == 0
        settings = conn.execute(
            "select count(*) from pg_db_role_setting as s join pg_database as d on d.oid = s.setdatabase "
            "where d.datname = current_database() and s.setconfig::text like '%citus%'"
        )
        assert settings.fetchone()[0] == 0
        unlogged = "select count(*) from pg_class where oid = 'core.rate_bucket'::regclass and relpersistence = 'u'"
        assert conn.execute(unlogged).fetchone()[0] == 1


def test_consumer_gets_each_event_once(undistributed: Distributed, used: dict[str, str]) -> None:
    """The transaction ids of events and consumers belong to one node; run and undo change the node."""
    tenant = used["t0"]
    succeed(command(undistributed, *run_args(undistributed)))
    with undistributed.connect(undistributed.home(tenant)) as conn:
        append(conn, tenant, 2)
        assert poll(conn, tenant, 4) == [3, 4, 5, 6]
        append(conn, tenant, 1)
    succeed(command(undistributed, "cluster", "undo", "--yes"))
    with undistributed.connect() as conn:
        append(conn, tenant, 1)
        assert poll(conn, tenant, 100) == [7, 8, 9]
        assert poll(conn, tenant, 100) == []


def test_undo_drops_the_mirror(undistributed: Distributed, used: dict[str, str]) -> None:
    """The next build reads the tables themselves. A second run and its mirror begin without the rows of the first."""
    before = rows_of(undistributed)
    schemas = "select count(*) from pg_namespace where nspname like 'mirror\\_%'"
    for _ in range(2):
        succeed(command(undistributed, *run_args(undistributed)))
        succeed(command(undistributed, "cluster", "mirror"))
        with undistributed.connect() as conn:
            assert conn.execute("select count(*) from mirror_core.tenant").fetchone()[0] == len(used)
        succeed(command(undistributed, "verify"))
        succeed(command(undistributed, "cluster", "undo", "--yes"))
        with undistributed.connect() as conn:
            assert conn.execute(schemas).fetchone()[0] == 0
        assert rows_of(undistributed) == before
        succeed(command(undistributed, "verify"))


def test_numbers_never_repeat_after_a_second_run(undistributed: Distributed, used: dict[str, str]) -> None:
    """Each node numbers jobs in a range of its own, and a node that joins again begins at the start of its range."""
    for _ in range(2):
        succeed(command(undistributed, *run_args(undistributed)))
        for tenant in used.values():
            with undistributed.connect(undistributed.home(tenant)) as conn:
                as_tenant(conn, tenant, "select core.enqueue('contest.confirm', '{}')")
        succeed(command(undistributed, "cluster", "undo", "--yes"))
    with undistributed.connect() as conn:
        jobs, numbers = conn.execute("select count(*), count(distinct job_id) from core.job").fetchone()
    assert (jobs, numbers) == (3 * TENANTS, 3 * TENANTS)


@pytest.mark.usefixtures("used")
def test_killed_run_and_undo_are_completed_by_the_same_command(undistributed: Distributed) -> None:
    before = rows_of(undistributed)
    kills = 0
    for args, state in ((run_args(undistributed), "distributed"), (["cluster", "undo", "--yes"], None)):
        for _ in range(30):
            with _running(undistributed, *args) as process:
                time.sleep(PAUSES.uniform(0.3, 2.5))
                if process.poll() is not None:
                    assert process.returncode == 0
                    break
                process.send_signal(signal.SIGKILL)
                kills += 1
        succeed(command(undistributed, *args))
        assert rows_of(undistributed) == before
        succeed(command(undistributed, "verify"))
        with undistributed.connect() as conn:
            found = conn.execute("select state from core.cluster").fetchone()
        assert (found[0] if found else None) == state
        if state:
            assert problems(undistributed) == []
    assert kills >= 3


@contextmanager
def _running(database: Distributed, *args: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [PROGRAM, "--dsn", database.dsn(database.coordinator), *args],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_cluster_before_the_deploy(citus: Any, undistributed: Distributed) -> None:
    """The other order: an empty cluster first, then deploy, then run."""
    name = f"copy_{secrets.token_hex(4)}"
    empty = Distributed(citus, name)
    for node in citus.nodes:
        with node.connect("postgres") as conn:
            conn.execute(f"create database {name}")
        with node.connect(name) as conn:
            conn.execute("create extension citus")
    try:
        with empty.connect() as conn:
            conn.execute("select citus_set_coordinator_host('127.0.0.1', %s)", [empty.coordinator.port])
            for node in empty.workers:
                conn.execute("select citus_add_node('127.0.0.1', %s)", [node.port])
            conn.execute(f"alter database {name} set citus.propagate_set_commands = 'local'")
        succeed(command(empty, "deploy"))
        succeed(command(empty, *run_args(empty)))
        succeed(command(empty, "verify"))
        assert problems(empty) == []
    finally:
        for node in citus.nodes:
            with node.connect("postgres") as conn:
                conn.execute(f"drop database {name} with (force)")


def test_verify_finds_drift_on_a_cluster(distributed: Distributed) -> None:
    with distributed.connect() as conn:
        conn.execute("alter role stanchion_app set statement_timeout = '1s'")
        try:
            outcome = command(distributed, "verify")
        finally:
            conn.execute("alter role stanchion_app reset statement_timeout")
        assert (outcome.code, "role stanchion_app" in outcome.out) == (1, True)
        conn.execute("create index by_hand on core.event_stream (stream_id)")
    outcome = command(distributed, "verify")
    assert (outcome.code, "core.event_stream.by_hand" in outcome.out) == (1, True)


BREAKS = {
    "right": ("revoke select on core.tenant from stanchion_app", "grant SELECT on table core.tenant to stanchion_app"),
    "right of a view": (
        "revoke select on contest.league_rules from stanchion_app",
        "grant SELECT on table contest.league_rules to stanchion_app",
    ),
    "sequence": ("drop sequence core.job_notice", "core.job_notice"),
    "function": ("drop function core.required_tenant()", "core.required_tenant()"),
    "policy": (
        "alter policy owner_for_tenant on core.principal using (true)",
        "core.principal.owner_for_tenant",
    ),
    "setting": ("alter database {database} reset citus.propagate_set_commands", "citus.propagate_set_commands"),
    "partition": ("drop table {partition}", "core__event__"),
    "role": ("alter role stanchion_builder createrole", "attributes of role stanchion_builder"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_status_finds_a_difference_of_a_node(distributed: Distributed, name: str) -> None:
    statement, expected = BREAKS[name]
    assert problems(distributed) == []
    node = distributed.workers[0]
    with distributed.connect(node, options="-c citus.enable_ddl_propagation=off") as conn:
        partition = conn.execute(
            "select min(relid::regclass::text) from pg_partition_tree('core.event') where isleaf"
        ).fetchone()[0]
        try:
            conn.execute(statement.format(database=distributed.name, partition=partition))
            found = problems(distributed)
        finally:
            conn.execute("alter role stanchion_builder nocreaterole")
    assert len(found) == 1
    assert f":{node.port}: " in found[0]
    assert expected in found[0]


def test_status_finds_a_lost_node_and_a_prepared_transaction(distributed: Distributed) -> None:
    with distributed.connect(distributed.workers[1]) as conn:
        conn.execute("begin; create table public.left_behind (); prepare transaction 'left'")
        try:
            with distributed.connect() as coordinator:
                outcome = command(distributed, "cluster", "undo", "--yes")
                assert (outcome.code, "1 prepared transactions" in outcome.err) == (1, True)
                assert coordinator.execute("select state from core.cluster").fetchone()[0] == "distributed"
        finally:
            conn.execute("rollback prepared 'left'")
    with _stopped(distributed.workers[1]) as node:
        found = problems(distributed)
        assert any(f":{node.port} cannot be used" in line for line in found)
        outcome = command(distributed, "cluster", "undo", "--yes")
        assert (outcome.code, f"{node.port} cannot be used" in outcome.err) == (1, True)
    assert problems(distributed) == []


@contextmanager
def _stopped(node: Node) -> Iterator[Node]:
    node.kill()
    try:
        yield node
    finally:
        node.restart()


def test_deploy_repairs_rights_and_sequences_of_a_node(distributed: Distributed) -> None:
    with distributed.connect(distributed.workers[0], options="-c citus.enable_ddl_propagation=off") as conn:
        conn.execute("revoke select on core.tenant from stanchion_app")
        conn.execute("drop sequence core.job_notice")
    assert len(problems(distributed)) == 2
    succeed(command(distributed, "deploy"))
    assert problems(distributed) == []


REFUSALS = {
    "a node twice": (["--workers", "127.0.0.1:1,127.0.0.1:1"], "each of them once"),
    "a node that is the coordinator": (["--workers", "{coordinator}"], "is the coordinator"),
    "an address without a port": (["--workers", "10.0.0.5"], "write host:port"),
    "a node that does not answer": (["--workers", "127.0.0.1:1"], "127.0.0.1:1 cannot be used"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_run_refuses(undistributed: Distributed, name: str) -> None:
    args, message = REFUSALS[name]
    given = [each.format(coordinator=f"127.0.0.1:{undistributed.coordinator.port}") for each in args]
    outcome = command(undistributed, "cluster", "run", *given)
    assert (outcome.code, message in outcome.err) == (1, True), outcome.err
    with undistributed.connect() as conn:
        assert conn.execute("select count(*) from core.cluster_step").fetchone()[0] == 0


def test_run_refuses_a_database_in_use(undistributed: Distributed) -> None:
    with undistributed.connect(undistributed.workers[0]) as there:
        there.execute("create table public.other ()")
        outcome = command(undistributed, *run_args(undistributed))
        assert (outcome.code, "is not empty: it contains public.other" in outcome.err) == (1, True), outcome.err
        there.execute("drop table public.other")
    with undistributed.connect() as conn:
        conn.execute("create index by_hand on core.event_stream (stream_id)")
        conn.execute("delete from core.cluster")
    outcome = command(undistributed, *run_args(undistributed))
    assert (outcome.code, "differs from the last deploy" in outcome.err) == (1, True), outcome.err


def test_run_refuses_other_values_on_a_cluster(distributed: Distributed) -> None:
    workers = ",".join(f"127.0.0.1:{node.port}" for node in distributed.workers)
    outcome = command(distributed, "cluster", "run", "--workers", workers, "--shards", str(SHARDS + 1))
    assert (outcome.code, f"The cluster has {SHARDS} shards" in outcome.err) == (1, True)
    outcome = command(distributed, "cluster", "run", "--workers", workers.split(",")[0], "--shards", str(SHARDS))
    assert (outcome.code, "which --workers does not name" in outcome.err) == (1, True)
    outcome = command(distributed, *run_args(distributed, "--entry", "coordinator"))
    assert "entry        coordinator" in succeed(outcome)


def test_undo_refuses_tables_that_are_not_ours(distributed: Distributed) -> None:
    with distributed.connect() as conn:
        conn.execute("create table public.other (id integer); select create_distributed_table('public.other', 'id')")
    outcome = command(distributed, "cluster", "undo", "--yes")
    assert (outcome.code, "other is distributed and is not a table of Stanchion" in outcome.err) == (1, True)


def test_undo_keeps_logins_of_other_databases(distributed: Distributed) -> None:
    """Roles belong to the server. The template of the fixture is distributed over the same nodes."""
    succeed(command(distributed, "cluster", "undo", "--yes"))
    for node in distributed.nodes.nodes:
        with node.connect("postgres") as conn:
            refused = conn.execute(
                "select rolname from pg_roles where rolname = any(%s) and not rolcanlogin", [list(ROLES)]
            )
            assert refused.fetchall() == []


def test_undo_notices_a_writer(distributed: Distributed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that a session writes while undo copies them are on the nodes only, so undo changes nothing."""
    from stanchion.cluster import undo
    from stanchion.errors import StanchionError
    from stanchion.server.connection import connect
    from stanchion.server.locate import Server

    tenant = distributed.make_tenant("ours")
    home, copy = distributed.home(tenant), undo._copy

    def write_first(*args: Any) -> None:
        with distributed.connect(home) as conn:
            conn.execute(
                "insert into core.principal (tenant_id, principal_id, email, display_name) "
                "values (%s, gen_random_uuid(), %s, 'x')",
                [tenant, f"{secrets.token_hex(4)}@example.org"],
            )
        copy(*args)

    monkeypatch.setattr(undo, "_copy", write_first)
    server = Server(distributed.dsn(distributed.coordinator), "--dsn", embedded=False, description="the coordinator")
    with (
        connect(server) as conn,
        pytest.raises(StanchionError, match=r"core\.principal has .* another session wrote it"),
    ):
        undo.undo(server, conn, lambda _: None)
    monkeypatch.undo()
    with distributed.connect() as conn:  # the cluster is as before, and tenants can be written
        assert conn.execute("select state from core.cluster").fetchone()[0] == "distributed"
    assert problems(distributed) == []
    succeed(command(distributed, "cluster", "undo", "--yes"))


def test_add_node(undistributed: Distributed, used: dict[str, str]) -> None:
    first, second = (f"127.0.0.1:{node.port}" for node in undistributed.workers)
    succeed(command(undistributed, "cluster", "run", "--workers", first, "--shards", str(SHARDS)))
    out = succeed(command(undistributed, "cluster", "add-node", second))
    assert f"To move {SHARDS // 2} shards" in out
    assert problems(undistributed) == []
    assert f"{second} is a node" in succeed(command(undistributed, "cluster", "add-node", second))
    with undistributed.connect(undistributed.workers[1]) as conn:
        assert conn.execute("select count(*) from core.tenant").fetchone()[0] == len(used)


def test_plain_database_has_no_status(undistributed: Distributed) -> None:
    outcome = command(undistributed, "cluster", "status")
    assert (outcome.code, "is not distributed" in outcome.err) == (1, True)


def test_operator_only(distributed: Distributed) -> None:
    """Applications may read the row of the cluster, and only the operator its steps."""
    login = distributed.make_login("stanchion_app")
    with distributed.connect(user=login) as conn:
        assert conn.execute("select state from core.cluster").fetchone()[0] == "distributed"
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("select * from core.cluster_step")

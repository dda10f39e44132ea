"""The sources of the mirror: the nodes that tenants enter, what changed there, and the rows of one tenant."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import psycopg
from psycopg import sql

from stanchion.cluster.home import connect_to
from stanchion.cluster.mirror_tables import FIXTURE, Kind, Mirrored, of_kind
from stanchion.cluster.nodes import Node, alone
from stanchion.errors import StanchionError
from stanchion.paths import queries
from stanchion.server.connection import Connection, connect, value
from stanchion.server.locate import Server

_QUERIES = queries("cluster/mirror.sql")
Buffer = bytes | bytearray | memoryview
_PATIENCE = 60.0  # seconds for prepared transactions to end; the maintenance daemon of Citus ends those of a crash


@dataclass
class Entry:
    """A node that tenants enter, a session on it that reads as the builder, and the tenants that enter there."""

    name: str  # stays the same while the transaction ids of the node go on
    conn: Connection
    tenants: set[UUID] = field(default_factory=set)


@dataclass(frozen=True)
class Sources:
    """A database with the sources of the marts, on one server or on the nodes of a cluster."""

    conn: Connection  # on the server, or on the coordinator; reads as the builder
    entries: list[Entry]
    is_remote: bool  # tenants enter at the coordinator, and their rows are on workers

    def tenants(self) -> set[UUID]:
        """Return every tenant."""
        return {tenant for entry in self.entries for tenant in entry.tenants}


def entry_of(conn: Connection) -> str | None:
    """Return how tenants enter the cluster (node or coordinator), or None on plain Postgres.

    Raises StanchionError while the database is neither: the sources are then partly on the nodes.
    """
    if not value(conn, "select to_regclass('core.cluster') is not null"):
        return None
    found = conn.execute("select c.entry, c.state from core.cluster as c").fetchone()
    if found is None:
        return None
    entry, state = found
    if state != "distributed":
        command = "undo" if state == "undoing" else "run"
        raise StanchionError(
            f"The database is in the state {state}; first complete it with: stanchion cluster {command}"
        )
    return str(entry)


@contextmanager
def open_sources(server: Server, conn: Connection) -> Iterator[Sources]:
    """Open a session on each node that tenants enter. `conn` is the operator's connection to the server."""
    how = entry_of(conn)
    with ExitStack() as stack:
        main = stack.enter_context(connect(server))
        _read_as_builder(main)
        tenants = {tenant for (tenant,) in main.execute("select t.tenant_id from core.tenant as t").fetchall()}
        if how is None:
            yield Sources(main, [_entry("plain", stack.enter_context(connect(server)), tenants)], is_remote=False)
            return
        alone(main)
        main.execute("set citus.max_adaptive_executor_pool_size = 1")  # one session per worker has one snapshot
        nodes = {group: Node(host, port) for group, host, port in main.execute(_QUERIES["workers"].encode()).fetchall()}
        if how == "coordinator":
            nodes = {0: nodes[0]}
        homes: dict[int, set[UUID]] = {}
        found = main.execute(_QUERIES["groups"].encode(), {"tenants": list(tenants)}).fetchall()
        for tenant, group in found:
            homes.setdefault(group if how == "node" else 0, set()).add(tenant)
        # also nodes without tenants: a session there can be beginning the first load of one
        entries = []
        for group, node in nodes.items():
            opened = connect(server) if group == 0 else connect_to(server, node)
            entry = _entry(f"group {group}", stack.enter_context(opened), homes.get(group, set()))
            entry.conn.execute("set citus.max_adaptive_executor_pool_size = 1")
            entries.append(entry)
        yield Sources(main, entries, is_remote=how == "coordinator")


def _entry(name: str, conn: Connection, tenants: set[UUID]) -> Entry:
    _read_as_builder(conn)
    conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    return Entry(name, conn, tenants)


def _read_as_builder(conn: Connection) -> None:
    """Read every tenant with the rights of the builder, which may write none of the sources."""
    try:
        conn.execute("set role stanchion_builder")
    except psycopg.errors.InsufficientPrivilege:
        raise StanchionError(
            f"{conn.info.user} may not read the sources of the marts, because it is not a member of stanchion_builder; "
            "create a login that is: stanchion login add NAME --as builder"
        ) from None


def closed_horizon(sources: Sources) -> int:
    """Return a load id at or below which every load of every node has ended and its data is visible.

    Each node begins one load at a time under a lock of its own, so a lower id may still be uncommitted on another node
    than the highest visible one. Once the lock was free on every node, each load below the highest one is visible.
    """
    last = int(value(sources.conn, _QUERIES["last_load"]))
    for entry in sources.entries:
        entry.conn.execute("select landing.wait_for_begun_loads()")
    running = value(sources.conn, _QUERIES["lowest_running"])
    return last if running is None else min(last, int(running) - 1)


def closed_transaction(sources: Sources, entry: Entry) -> int:
    """Return a transaction of the node at or below which none is open; every later snapshot shows its rows.

    Where tenants enter at the coordinator, a transaction that wrote on several nodes has ended on the coordinator
    before its workers show its rows. So the transactions that are prepared there have to end first.
    """
    # not inside a transaction: each statement has a snapshot of its own
    closed = int(value(entry.conn, "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1"))
    if sources.is_remote:
        _wait_for_prepared(sources)
    return closed


def _wait_for_prepared(sources: Sources) -> None:
    until = time.monotonic() + _PATIENCE
    waited: set[tuple[object, ...]] | None = None
    while True:
        found = set(sources.conn.execute(_prepared_on_workers()).fetchall())
        waited = found if waited is None else waited & found
        if not waited:
            return
        if time.monotonic() > until:
            raise StanchionError(
                f"{len(waited)} transactions are still prepared on the workers after {_PATIENCE:.0f} s, so the mirror "
                "could miss their purchases; stanchion cluster status prints them."
            )
        time.sleep(0.2)


def _prepared_on_workers() -> sql.Composed:
    statement = _QUERIES["prepared"].replace("select p.gid", "select string_agg(p.gid, ',')")
    return sql.SQL(
        "select r.nodename, r.nodeport, g.gid from run_command_on_workers({}) as r "
        "cross join lateral regexp_split_to_table(r.result, ',') as g (gid) where r.success and r.result <> ''"
    ).format(sql.Literal(statement))


def changed_by_loads(sources: Sources, low: int, high: int) -> set[UUID]:
    """Return the tenants with a load after `low` and at or below `high`."""
    statement = "select distinct b.tenant_id from landing.load_batch as b where b.load_id > %s and b.load_id <= %s"
    return {tenant for (tenant,) in sources.conn.execute(statement, [low, high]).fetchall()}


def changed_by_purchases(entry: Entry, low: int) -> set[UUID]:
    """Return the tenants of the node with a purchase or a movement after the transaction `low` of the node."""
    found: set[UUID] = set()
    for table in of_kind(Kind.APPENDED):
        statement = sql.SQL("select distinct s.tenant_id from {} as s where s.transaction_id > %s").format(
            named(table.source)
        )
        found |= {tenant for (tenant,) in entry.conn.execute(statement, [low]).fetchall()}
    return found & entry.tenants


def digests(conn: Connection, table: Mirrored, tenant: UUID | None = None) -> dict[UUID, str]:
    """Return the number and the sum of the hashes of the rows of a source, by tenant (default: of every tenant).

    A worker may print times in another zone than this session, so times (the columns in _at) are hashed in UTC.
    """
    columns = [
        sql.SQL("s.{} at time zone 'UTC'" if column.endswith("_at") else "s.{}").format(sql.Identifier(column))
        for column in table.columns
    ]
    statement = sql.SQL(
        "select s.tenant_id, concat(count(*), ' ', sum(hashtextextended(({row})::text, 0))) "
        "from {source} as s {only} group by s.tenant_id"
    ).format(
        row=sql.SQL("row({})").format(sql.SQL(", ").join(columns)),
        source=named(table.source),
        only=sql.SQL("where s.tenant_id = {}").format(sql.Literal(tenant)) if tenant else sql.SQL(""),
    )
    return dict(conn.execute(statement).fetchall())


def games_after(conn: Connection, tenant: UUID, low: int, high: int) -> list[tuple[str, date, bool]]:
    """Return the games that a load after `low` changed: the key, the day, and whether a revision is published.

    A game that a load after `high` changed since then is left out: the run for that load mirrors it.
    """
    statement = (
        "select f.game_key, f.played_on, f.content_hash is not null from contest.fixture as f "
        "where f.tenant_id = %s and f.load_id > greatest(%s, 0) and f.load_id <= %s order by f.played_on, f.game_key"
    )
    return conn.execute(statement, [tenant, low, high]).fetchall()


def game_keys(conn: Connection, tenant: UUID) -> set[str]:
    """Return the keys of all games of a tenant."""
    statement = sql.SQL("select f.game_key from {} as f where f.tenant_id = %s").format(named(FIXTURE.source))
    return {game for (game,) in conn.execute(statement, [tenant]).fetchall()}


def read(conn: Connection, table: Mirrored, conditions: dict[str, object]) -> Iterator[Buffer]:
    """Yield the rows of a source in the text format of COPY.

    A condition with a list means any of its values; one with a pair means after the first and up to the second value.
    """
    statement = sql.SQL("copy (select {} from {} as s where {}) to stdout").format(
        sql.SQL(table.copied),
        named(table.source),
        sql.SQL(" and ").join(_test(column, wanted) for column, wanted in conditions.items()),
    )
    with conn.cursor().copy(statement) as rows:
        yield from rows


def _test(column: str, wanted: object) -> sql.Composed:
    name = sql.Identifier("s", column)
    if isinstance(wanted, tuple):
        low, high = wanted
        return sql.SQL("{} > {} and {} <= {}").format(name, sql.Literal(low), name, sql.Literal(high))
    if isinstance(wanted, list):
        return sql.SQL("{} = any({})").format(name, sql.Literal(wanted))
    return sql.SQL("{} = {}").format(name, sql.Literal(wanted))


def named(name: str) -> sql.Identifier:
    """Return schema.table as quoted identifiers."""
    return sql.Identifier(*name.split(".", 1))

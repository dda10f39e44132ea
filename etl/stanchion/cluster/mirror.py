"""Mirror the sources of the marts from the nodes of a cluster to the one server on which dbt builds.

A run copies only what changed since the last one: games by load id, purchases by transaction of each node, and the
small tables of the tenants whose rows differ. It works tenant by tenant. The rows of a tenant are read in one snapshot
of the node that the tenant enters, and each step commits rows together with their progress. So a run can be killed at
any moment, and the next run continues.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from uuid import UUID

from psycopg.rows import dict_row

from stanchion.access.builder import builder_server
from stanchion.cluster.mirror_source import (
    Entry,
    Sources,
    changed_by_loads,
    changed_by_purchases,
    closed_horizon,
    closed_transaction,
    digests,
    entry_of,
    game_keys,
    games_after,
    open_sources,
    read,
)
from stanchion.cluster.mirror_tables import TABLES, Kind, Mirrored, of_kind
from stanchion.cluster.mirror_target import (
    Place,
    State,
    forget_added,
    forget_positions,
    known_games,
    make_incoming,
    make_schemas,
    make_tables,
    mirrored_digests,
    mirrored_tenants,
    note_began,
    note_completed,
    note_tenant,
    put_games,
    put_rest,
    read_state,
    remove_days,
    remove_games,
    remove_tenant,
)
from stanchion.cluster.nodes import alone, has_citus
from stanchion.errors import StanchionError
from stanchion.paths import queries, query
from stanchion.progress import Report
from stanchion.server.connection import Connection, connect, only_one, require_deployed, value
from stanchion.server.locate import Server

_QUERIES = queries("cluster/mirror.sql")
_LOCK = 0x57A9B01E  # advisory lock of the marts server: two runs would copy the same rows
_GAMES = 100  # games per transaction: about 300,000 rows


@dataclass
class MirrorResult:
    """Result of one run."""

    tenants: int = 0  # tenants with a change
    games: int = 0
    rows: int = 0
    horizon: int = -1  # last load that is mirrored
    seconds: float = 0.0


@dataclass
class _Due:
    """The changes of one tenant that a run copies."""

    loads: int  # load after which games are copied
    purchases: int  # transaction of the node after which purchases are added
    from_scratch: bool = False
    games: bool = False  # a load changed the tenant
    whole: set[Mirrored] = field(default_factory=set)


def mirror(
    server: Server,
    conn: Connection,
    marts: Server,
    *,
    from_scratch: bool = False,
    wait: float = 600,
    report: Report = lambda _: None,
    on_step: Callable[[], None] = lambda: None,
) -> MirrorResult:
    """Copy every change of the sources to the marts server, and return the numbers of it.

    Arguments:
        server: Server with the sources; the coordinator of a cluster.
        conn: The operator's connection to it.
        marts: Server of the marts. It may be the server of the sources.
        from_scratch: Copy every row again, in place.
        wait: Seconds to wait for another run.
        report: Receives lines of progress.
        on_step: Called after each step that was committed.

    """
    started = time.monotonic()
    result = MirrorResult()
    require_deployed(conn)
    with connect(marts) as operator, only_one(operator, _LOCK, "mirror", wait, report):
        if has_citus(operator):
            alone(operator)
        is_own = _is_own_server(conn, operator)
        _prepare(operator, is_own=is_own)
        with connect(builder_server(marts, operator)) as target, open_sources(server, conn) as sources:
            if has_citus(target):
                alone(target)
            target.execute("set role stanchion_builder")
            rows = sources.conn.execute(_QUERIES["column_types"].encode(), {"sources": [t.source for t in TABLES]})
            make_tables(target, {(source, column): kind for source, column, kind in rows.fetchall()})
            make_incoming(target)
            if is_own:
                _copy_tenants(sources.conn, operator)
            _Run(sources, target, operator, result, report, on_step).run(from_scratch)
    result.seconds = time.monotonic() - started
    return result


def _prepare(operator: Connection, *, is_own: bool) -> None:
    """Create the schemas of the mirror, and refuse a marts server that is the server of other games."""
    require_deployed(operator)
    if is_own and value(operator, "select exists (select from landing.load_batch)"):
        info = operator.info
        raise StanchionError(
            f"{info.host}:{info.port}/{info.dbname} has loads of its own, so it cannot be the server for the marts of "
            "other games; deploy Stanchion in an empty database and name that one."
        )
    make_schemas(operator)


def _is_own_server(conn: Connection, operator: Connection) -> bool:
    """Return whether the marts are in another database than their sources."""
    place = query("access", "place").encode()
    return conn.execute(place).fetchone() != operator.execute(place).fetchone()


def _copy_tenants(sources: Connection, operator: Connection) -> None:
    """Make the tenants of a marts server of its own equal to those of the sources, in one transaction.

    Policies of analysts read them there. The grants and logins of analysts belong to the marts server, where analysts
    connect: `stanchion --dsn MARTS analyst add`.
    """
    listed = _QUERIES["tenants"].encode()
    wanted = sources.cursor(row_factory=dict_row).execute(listed).fetchall()
    existing = operator.cursor(row_factory=dict_row).execute(listed).fetchall()
    by_id = {row["tenant_id"]: row for row in existing}
    gone = set(by_id) - {row["tenant_id"] for row in wanted}
    changed = [row for row in wanted if by_id.get(row["tenant_id"]) != row]
    if not (gone or changed):
        return
    with operator.transaction():
        operator.execute("select core.replan_for_analysts()")
        operator.execute("delete from core.tenant as t where t.tenant_id = any(%s)", [list(gone)])
        for row in changed:
            operator.execute(_QUERIES["put_tenants"].encode(), row)


class _Run:
    """One run, with its connections and the progress of earlier runs."""

    def __init__(
        self,
        sources: Sources,
        target: Connection,
        operator: Connection,
        result: MirrorResult,
        report: Report,
        on_step: Callable[[], None],
    ) -> None:
        self.sources, self.target, self.operator = sources, target, operator
        self.result, self.report, self.on_step = result, report, on_step
        self.began_at: datetime = value(target, "select core.clock()")
        self.state: State = read_state(target)

    def run(self, from_scratch: bool) -> None:
        """Copy every change, and record the new positions at the end."""
        state, sources = self.state, self.sources
        given = int(value(sources.conn, _QUERIES["given"]))  # never decreases, unlike the last load of a removed tenant
        if given < state.loads:
            if not from_scratch:
                raise StanchionError(
                    f"The last load id of the sources is {given}, before the last mirrored load {state.loads}: the "
                    "sources were restored. Run: stanchion cluster mirror --from-scratch; "
                    "then: stanchion build --full-refresh"
                )
            with self.operator.transaction():
                forget_positions(self.operator, "loads", "purchases")
            state.loads = -1
        high = max(closed_horizon(sources), state.loads)
        if from_scratch or not state.is_complete:
            state.loads, state.is_complete = -1, False
        if from_scratch:
            state.nodes.clear()
            state.tenants.clear()
        note_began(self.target, state, from_scratch=from_scratch)
        expired = self._expire()
        for tenant in mirrored_tenants(self.target) - sources.tenants():
            remove_tenant(self.target, tenant)
            self._stepped(0, 0)
        moves = _last_moves(sources)
        closed = {entry.name: closed_transaction(sources, entry) for entry in sources.entries}
        due = self._due(high, moves, closed)
        for entry in sources.entries:
            for tenant in sorted(entry.tenants & due.keys()):
                place = Place(entry.name, moves.get(tenant, 0), high, closed[entry.name])
                self._copy(entry, tenant, due[tenant], place)
                if self.result.tenants % 100 == 0:
                    self.report(f"mirrored {self.result.tenants} of {len(due)} tenants")
        note_completed(self.target, self.began_at, expired, high, closed)
        self.on_step()
        self.result.horizon = high

    def _expire(self) -> int:
        """Delete the game days that the sources have dropped. Return the last row of their log."""
        relations = [table.source for table in of_kind(Kind.DAY)]
        position, days = self.sources.conn.execute(
            _QUERIES["expired_days"].encode(), {"position": self.state.expired, "relations": relations}
        ).fetchone() or (None, [])
        if days:
            remove_days(self.target, days)
            self._stepped(0, 0)
        return int(position or self.state.expired)

    def _due(self, high: int, moves: dict[UUID, int], closed: dict[str, int]) -> dict[UUID, _Due]:
        """Return the tenants with changes since they were mirrored, and those that were never mirrored."""
        state = self.state
        known, due = dict[UUID, _Due](), dict[UUID, _Due]()
        for entry in self.sources.entries:
            position = state.nodes.get(entry.name, -1)
            if position > closed[entry.name]:
                position = -1  # the node was restored: its transactions began again
            for tenant in entry.tenants:
                place = state.tenants.get(tenant)
                if place is None:
                    due[tenant] = known[tenant] = _Due(-1, -1, True, True, set(of_kind(Kind.WHOLE)))
                elif (place.node, place.moves) != (entry.name, moves.get(tenant, 0)):
                    # its purchases have transactions of another node
                    due[tenant] = known[tenant] = _Due(max(state.loads, place.loads), -1)
                else:
                    own = place.purchases if place.purchases <= closed[entry.name] else -1
                    known[tenant] = _Due(max(state.loads, place.loads), max(position, own))
            due |= {tenant: known[tenant] for tenant in changed_by_purchases(entry, position)}
        for tenant in changed_by_loads(self.sources, state.loads, high) & known.keys():
            if known[tenant].loads < high:
                due[tenant] = known[tenant]
                due[tenant].games = True
        for table in of_kind(Kind.WHOLE):
            wanted, existing = digests(self.sources.conn, table), mirrored_digests(self.target, table)
            for tenant in known:
                if wanted.get(tenant) != existing.get(tenant):
                    due[tenant] = known[tenant]
                    due[tenant].whole.add(table)
        return due

    def _copy(self, entry: Entry, tenant: UUID, due: _Due, place: Place) -> None:
        """Copy the changes of one tenant, from one snapshot of its node."""
        source = partial(read, entry.conn)
        with entry.conn.transaction():
            if due.games:
                gone = known_games(self.target, tenant) - game_keys(entry.conn, tenant)
                if gone:
                    with self.target.transaction():
                        remove_games(self.target, tenant, sorted(gone))
                    self._stepped(len(gone), 0)
                games = games_after(entry.conn, tenant, due.loads, place.loads)
                for first in range(0, len(games), _GAMES):
                    some = games[first : first + _GAMES]
                    self._stepped(len(some), put_games(self.target, self.state, tenant, some, source))
            whole = {table: digests(entry.conn, table, tenant).get(tenant) for table in due.whole}
            loads = (due.loads, place.loads) if due.games else None
            with self.target.transaction():
                if due.from_scratch:
                    forget_added(self.target, tenant)
                rows = put_rest(self.target, tenant, whole, loads, due.purchases, source)
                note_tenant(self.target, tenant, place)
        self.result.tenants += 1
        self._stepped(0, rows)

    def _stepped(self, games: int, rows: int) -> None:
        self.result.games += games
        self.result.rows += rows
        self.on_step()


def _last_moves(sources: Sources) -> dict[UUID, int]:
    """Return the last move of each tenant between the nodes of a cluster."""
    if not entry_of(sources.conn):
        return {}
    found = sources.conn.execute(_QUERIES["last_moves"].encode()).fetchall()
    return {UUID(tenant): int(step) for tenant, step in found}

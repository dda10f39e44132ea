"""The mirror itself: its schemas and tables, the progress that they record, and the rows of one tenant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from psycopg import sql

from stanchion.cluster.mirror_source import Buffer, named
from stanchion.cluster.mirror_tables import (
    FIXTURE,
    LOADS,
    PURCHASE,
    SCHEMAS,
    STATE,
    TABLES,
    Kind,
    Mirrored,
    fingerprint,
    of_kind,
)
from stanchion.errors import StanchionError
from stanchion.paths import queries
from stanchion.server.connection import Connection, value

_QUERIES = queries("cluster/mirror.sql")
_LAST = (
    2**63 - 1
)  # every transaction that the snapshot shows, also later than the closed one: rows are never added twice
Rows = Iterable[Buffer]
Read = Callable[[Mirrored, dict[str, object]], Iterator[Buffer]]

_STATE = {
    "run": (
        "one boolean not null, definition text not null, expired bigint not null, began_at timestamptz not null, "
        "is_complete boolean not null, constraint run_pk primary key (one), constraint run_single check (one)",
        "One row: the list of tables that the mirror was made from, and its last run.",
    ),
    "node": (
        "node text not null, position bigint not null, constraint node_pk primary key (node)",
        "One row per node that tenants enter: the transaction up to which its purchases and movements are mirrored.",
    ),
    "tenant": (
        "tenant_id uuid not null, node text not null, moves bigint not null, loads bigint not null, "
        "purchases bigint not null, definition text not null, constraint tenant_pk primary key (tenant_id)",
        "One row per mirrored tenant, as of its last change: its node, its last move, and the positions of its rows.",
    ),
    "content": (
        "tenant_id uuid not null, source text not null, digest text not null, "
        "constraint content_pk primary key (tenant_id, source)",
        "One row per tenant and source that is mirrored whole: the digest of its rows.",
    ),
}


@dataclass(frozen=True)
class Place:
    """Where a tenant was at its last change, and up to where its rows are mirrored."""

    node: str
    moves: int  # number of its last move
    loads: int
    purchases: int  # a transaction of the node


@dataclass
class State:
    """The progress of the mirror, read at the start of a run."""

    loads: int  # last load that builds may read; every tenant is mirrored up to it, if the last run completed
    is_complete: bool
    expired: int  # last row of core.partition_log that was followed
    nodes: dict[str, int]
    tenants: dict[UUID, Place]  # without those that were mirrored from another list of tables
    months: set[tuple[int, int]] = field(default_factory=set)  # months whose partitions exist


def make_schemas(conn: Connection) -> None:
    """Create the schemas of the mirror, which belong to the builder. `conn` is the operator's connection."""
    for schema in (*SCHEMAS, STATE):
        if not value(conn, "select to_regnamespace(%s) is not null", [schema]):
            conn.execute(sql.SQL("create schema {} authorization stanchion_builder").format(sql.Identifier(schema)))


def drop_mirror(conn: Connection) -> None:
    """Drop the mirror. `conn` is the operator's connection to the server of the marts."""
    with conn.transaction():
        for schema in (*SCHEMAS, STATE):
            conn.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(schema)))
        conn.execute("delete from core.stat_refresh as r where r.model ~ '^mirror_'")
        forget_positions(conn, "purchases")


def forget_positions(conn: Connection, *changes: str) -> None:
    """Let the next build compute the marts that follow these lists of changes from scratch.

    Needed when the numbers in a list begin again: of purchases when the sources are other tables than before, and of
    loads when the sources were restored.
    """
    conn.execute("delete from core.stat_refresh as r where r.changes = any(%s)", [list(changes)])


def make_tables(conn: Connection, types: dict[tuple[str, str], str]) -> None:
    """Create the tables and columns that are missing, with the types of the sources."""
    for table in TABLES:
        for column in table.columns:
            if (table.source, column) not in types:
                raise StanchionError(f"{table.source} has no column {column}; on the sources, run: stanchion deploy")
    existing = {name for (name,) in conn.execute(_QUERIES["relations"].encode()).fetchall()}
    for name, (columns, comment) in _STATE.items():
        if f"{STATE}.{name}" not in existing:
            _create(conn, f"{STATE}.{name}", sql.SQL(columns), comment)
    for table in TABLES:
        if table.target in existing:
            _add_columns(conn, table, types)
            continue
        parts = [sql.SQL(f"{column} {types[table.source, column]}{_not_null(column)}") for column in table.columns]
        if table.key:
            parts.append(sql.SQL(f"constraint {table.name}_pk primary key ({', '.join(table.key)})"))
        by_day = table.kind is Kind.DAY
        _create(conn, table.target, sql.SQL(", ").join(parts), f"Mirror of {table.source}.", by_day=by_day)
        for number, index in enumerate(table.indexes, 1):
            conn.execute(
                sql.SQL(f"create index {table.name}_mirror_{number}_idx on {table.target} ({', '.join(index)})")
            )


def _not_null(column: str) -> str:
    return " not null" if column == "tenant_id" else ""


def _create(conn: Connection, name: str, columns: sql.Composable, comment: str, *, by_day: bool = False) -> None:
    """Create a table with its policies. Its rows are only readable for the builder."""
    with conn.transaction():
        conn.execute(
            sql.SQL("create table {} ({}){}").format(
                named(name), columns, sql.SQL(" partition by range (played_on)" if by_day else "")
            )
        )
        conn.execute(sql.SQL("comment on table {} is {}").format(named(name), sql.Literal(comment)))
        conn.execute("select core.secure_relation(%s::regclass)", [name])


def _add_columns(conn: Connection, table: Mirrored, types: dict[tuple[str, str], str]) -> None:
    statement = "select a.attname from pg_attribute as a where a.attrelid = %s::regclass and a.attnum > 0"
    existing = {column for (column,) in conn.execute(statement, [table.target]).fetchall()}
    for column in table.columns:
        if column not in existing:
            conn.execute(sql.SQL(f"alter table {table.target} add column {column} {types[table.source, column]}"))


def make_incoming(conn: Connection) -> None:
    """Create a temporary table beside each table: COPY cannot write to a table with row-level security."""
    for table in TABLES:
        conn.execute(
            sql.SQL("create temporary table {} on commit delete rows as select {} from {} where false").format(
                sql.Identifier(f"incoming_{table.name}"), sql.SQL(table.copied), named(table.target)
            )
        )


def read_state(conn: Connection) -> State:
    """Return the progress of the mirror."""
    expired = value(conn, "select r.expired from mirror_state.run as r")
    places = conn.execute(
        "select t.tenant_id, t.node, t.moves, t.loads, t.purchases from mirror_state.tenant as t "
        "where t.definition = %s",
        [fingerprint()],
    ).fetchall()
    return State(
        loads=horizons(conn)[0],
        is_complete=is_complete(conn),
        expired=int(expired or 0),
        nodes=dict(conn.execute("select n.node, n.position from mirror_state.node as n").fetchall()),
        tenants={tenant: Place(*place) for tenant, *place in places},
    )


def mirrored_tenants(conn: Connection) -> set[UUID]:
    """Return the tenants with rows in the mirror. Each has a row about itself."""
    statement = "select t.tenant_id from mirror_core.tenant as t union select t.tenant_id from mirror_state.tenant as t"
    return {tenant for (tenant,) in conn.execute(statement.encode()).fetchall()}


def mirrored_digests(conn: Connection, table: Mirrored) -> dict[UUID, str]:
    """Return the digest of the rows of each tenant that were mirrored last from a source."""
    statement = "select c.tenant_id, c.digest from mirror_state.content as c where c.source = %s"
    return dict(conn.execute(statement, [table.source]).fetchall())


def horizons(conn: Connection) -> tuple[int, int]:
    """Return the last load and the last transaction that the mirror contains; -1 before the first run."""
    row = conn.execute(_QUERIES["mirror_horizons"].encode()).fetchone()
    return (int(row[0]), int(row[1])) if row else (-1, -1)


def is_complete(conn: Connection) -> bool:
    """Return whether the last run completed, or began as an increment of one that did."""
    if not value(conn, "select to_regclass('mirror_state.run') is not null"):
        return False
    return bool(value(conn, "select r.is_complete and r.definition = %s from mirror_state.run as r", [fingerprint()]))


def require_complete(conn: Connection) -> None:
    """Raise StanchionError unless the mirror contains every table, so that a build may read it."""
    if not is_complete(conn):
        raise StanchionError("The mirror of the sources is not complete; run: stanchion cluster mirror")


def note_began(conn: Connection, state: State, *, from_scratch: bool) -> None:
    """Record the start of a run. A run from scratch is incomplete until it ends, and continues where it was killed."""
    with conn.transaction():
        conn.execute(
            "insert into mirror_state.run as r (one, definition, expired, began_at, is_complete) "
            "values (true, %s, %s, core.clock(), false) "
            "on conflict (one) do update set definition = excluded.definition, is_complete = %s",
            [fingerprint(), state.expired, state.is_complete],
        )
        if from_scratch:
            conn.execute("update mirror_state.tenant as t set definition = ''")


def note_completed(conn: Connection, began_at: Any, expired: int, loads: int, nodes: dict[str, int]) -> None:
    """Record in one transaction that every change up to these positions is mirrored."""
    with conn.transaction():
        conn.execute(
            "update mirror_state.run as r set began_at = %s, is_complete = true, expired = %s",
            [began_at, expired],
        )
        conn.execute("delete from mirror_state.node as n where n.node <> all(%s)", [list(nodes)])
        for node, position in nodes.items():
            conn.execute(
                "insert into mirror_state.node as n (node, position) values (%s, %s) "
                "on conflict (node) do update set position = excluded.position where n.position <> excluded.position",
                [node, position],
            )
        _move(conn, LOADS, "loads", loads)


def _move(conn: Connection, table: Mirrored, changes: str, position: int) -> None:
    """Set the position up to which builds may read the mirror, with the rows of this transaction."""
    conn.execute("select set_config(%s, %s, true)", [f"stanchion.{changes}_high", str(max(position, 0))])
    conn.execute("select core.close_window(%s, %s, %s)", [table.target, changes, fingerprint()])


def put_games(conn: Connection, state: State, tenant: UUID, games: list[tuple[str, date, bool]], read: Read) -> int:
    """Replace these games of a tenant in one transaction, and return the number of rows."""
    keys = [game for game, _, _ in games]
    with conn.transaction():
        remove_games(conn, tenant, keys)
        days = sorted({day for _, day, is_published in games if is_published})
        for day in days:
            _make_partitions(conn, state, day)
        published = [game for game, _, is_published in games if is_published]
        rows = sum(
            _insert(conn, table, read(table, {"tenant_id": tenant, "game_key": keys})) for table in of_kind(Kind.GAME)
        )
        if published:
            of_games: dict[str, object] = {"tenant_id": tenant, "played_on": days, "game_key": published}
            rows += sum(_insert(conn, table, read(table, of_games)) for table in of_kind(Kind.DAY))
    return rows


def remove_games(conn: Connection, tenant: UUID, keys: list[str]) -> None:
    """Delete the rows of these games, on the days under which the mirror has them."""
    days = [
        day
        for (day,) in conn.execute(
            sql.SQL("select distinct f.played_on from {} as f where f.tenant_id = %s and f.game_key = any(%s)").format(
                named(FIXTURE.target)
            ),
            [tenant, keys],
        ).fetchall()
    ]
    for table in of_kind(Kind.DAY) if days else ():
        conn.execute(
            sql.SQL(
                "delete from {} as m where m.tenant_id = {} and m.played_on = any({}) and m.game_key = any({})"
            ).format(named(table.target), sql.Literal(tenant), sql.Literal(days), sql.Literal(keys))
        )
    for table in of_kind(Kind.GAME) if days else ():
        conn.execute(
            sql.SQL("delete from {} as m where m.tenant_id = %s and m.game_key = any(%s)").format(named(table.target)),
            [tenant, keys],
        )


def known_games(conn: Connection, tenant: UUID) -> set[str]:
    """Return the keys of the games of a tenant that the mirror has."""
    statement = sql.SQL("select f.game_key from {} as f where f.tenant_id = %s").format(named(FIXTURE.target))
    return {game for (game,) in conn.execute(statement, [tenant]).fetchall()}


def _make_partitions(conn: Connection, state: State, day: date) -> None:
    if (day.year, day.month) not in state.months:
        for table in of_kind(Kind.DAY):
            conn.execute("select core.ensure_mart_partitions(%s::regclass, %s, %s)", [table.target, day, day])
        state.months.add((day.year, day.month))


def _insert(conn: Connection, table: Mirrored, rows: Rows, *, stamp: bool = False) -> int:
    """Insert rows in the text format of COPY, and return their number. Rows that are there already are skipped.

    A transaction uses the temporary table once; its commit empties it. With `stamp`, the rows get the transaction of
    the mirror: the numbers of the nodes have no common order.
    """
    incoming = sql.Identifier("pg_temp", f"incoming_{table.name}")
    with conn.cursor().copy(sql.SQL("copy {} from stdin").format(incoming)) as into:
        for data in rows:
            into.write(data)
    result = conn.execute(
        sql.SQL("insert into {} ({}) select {} from {} {} {}").format(
            named(table.target),
            sql.SQL(table.copied + (", transaction_id" if stamp else "")),
            sql.SQL(table.copied + (", pg_current_xact_id()::text::bigint" if stamp else "")),
            incoming,
            sql.SQL(f"order by {', '.join(table.key)}" if table.key else ""),
            sql.SQL("on conflict do nothing" if table.kind in (Kind.APPENDED, Kind.LOADS) else ""),
        )
    )
    return result.rowcount


def put_rest(
    conn: Connection,
    tenant: UUID,
    whole: dict[Mirrored, str | None],
    loads: tuple[int, int] | None,
    purchases: int,
    read: Read,
) -> int:
    """Replace and add rows of a tenant other than games, in the caller's transaction. Return the number of rows.

    Arguments:
        whole: Tables to replace, with the digest of their rows.
        loads: Loads to add: after the first and up to the second.
        purchases: Transaction of the node after which purchases and movements are added.
        read: Reads the rows of a source that satisfy conditions.

    """
    rows = 0
    for table, digest in whole.items():
        conn.execute(sql.SQL("delete from {} as m where m.tenant_id = %s").format(named(table.target)), [tenant])
        conn.execute(
            "delete from mirror_state.content as c where c.tenant_id = %s and c.source = %s", [tenant, table.source]
        )
        if digest is not None:
            rows += _insert(conn, table, read(table, {"tenant_id": tenant}))
            conn.execute(
                "insert into mirror_state.content (tenant_id, source, digest) values (%s, %s, %s)",
                [tenant, table.source, digest],
            )
    if loads is not None:
        rows += _insert(conn, LOADS, read(LOADS, {"tenant_id": tenant, "load_id": loads}))
    added = sum(
        _insert(conn, table, read(table, {"tenant_id": tenant, "transaction_id": (purchases, _LAST)}), stamp=True)
        for table in of_kind(Kind.APPENDED)
    )
    if added:
        _move(conn, PURCHASE, "purchases", int(value(conn, "select pg_current_xact_id()::text::bigint")))
    return rows + added


def forget_added(conn: Connection, tenant: UUID) -> None:
    """Delete the loads, purchases and movements of a tenant, which are then read again."""
    for table in of_kind(Kind.LOADS, Kind.APPENDED):
        conn.execute(sql.SQL("delete from {} as m where m.tenant_id = %s").format(named(table.target)), [tenant])


def note_tenant(conn: Connection, tenant: UUID, place: Place) -> None:
    """Record where a tenant is, and up to where its rows are mirrored."""
    conn.execute(
        "insert into mirror_state.tenant as t (tenant_id, node, moves, loads, purchases, definition) "
        "values (%s, %s, %s, %s, %s, %s) on conflict (tenant_id) do update set node = excluded.node, "
        "moves = excluded.moves, loads = excluded.loads, purchases = excluded.purchases, "
        "definition = excluded.definition",
        [tenant, place.node, place.moves, place.loads, place.purchases, fingerprint()],
    )


def remove_tenant(conn: Connection, tenant: UUID) -> None:
    """Delete every row of a tenant that the sources no longer have, in one transaction."""
    with conn.transaction():
        for name in (*(table.target for table in TABLES), f"{STATE}.content", f"{STATE}.tenant"):
            conn.execute(sql.SQL("delete from {} as m where m.tenant_id = %s").format(named(name)), [tenant])


def remove_days(conn: Connection, days: list[date]) -> None:
    """Delete the rows of game days that have expired in the sources, in one transaction."""
    with conn.transaction():
        for table in of_kind(Kind.DAY):
            conn.execute(
                sql.SQL("delete from {} as m where m.played_on = any({})").format(
                    named(table.target), sql.Literal(days)
                )
            )

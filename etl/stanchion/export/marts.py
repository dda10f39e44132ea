"""The marts that a connection may read, and the statement that reads one of them for a tenant."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg import sql

from stanchion.cluster.mirror_tables import PREFIX
from stanchion.errors import StanchionError
from stanchion.paths import query
from stanchion.server.connection import Connection, value


@dataclass(frozen=True)
class Column:
    """A column of a mart, with its type as Postgres writes it."""

    name: str
    type: str

    @property
    def kind(self) -> str:
        """Return the type without its size, such as numeric."""
        return self.type.partition("(")[0]


@dataclass(frozen=True)
class Mart:
    """A table or view in the schema marts."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]  # columns of a unique index; empty for a view

    def has(self, column: str) -> bool:
        return any(each.name == column for each in self.columns)

    def facts(self) -> dict[str, object]:
        """Return a line of a list of marts."""
        return {"mart": self.name, "columns": len(self.columns), "key": ", ".join(self.key)}


@dataclass(frozen=True)
class Changes:
    """The games of a tenant that changed after a load, and the last load that the marts contain."""

    games: tuple[str, ...]
    last_load: int


@dataclass(frozen=True)
class Selection:
    """The rows to export: those of one tenant, and of marts with games only those of some games."""

    tenant_id: UUID
    games: tuple[str, ...] | None = None
    partitions: tuple[str, tuple[str | None, ...]] | None = None  # only rows with these values of a column


def readable_marts(conn: Connection) -> dict[str, Mart]:
    """Return every mart that the connection may read, by name."""
    found: dict[str, list[tuple[Column, int]]] = {}
    for mart, name, column_type, key_no in conn.execute(query("export", "columns")):
        found.setdefault(mart, []).append((Column(name, column_type), key_no or 0))
    return {
        name: Mart(
            name,
            tuple(each for each, _ in columns),
            tuple(each.name for each, key_no in sorted(columns, key=lambda pair: pair[1]) if key_no),
        )
        for name, columns in found.items()
    }


def choose(marts: Mapping[str, Mart], names: Sequence[str]) -> list[Mart]:
    """Return the marts with these names, each once. Raises StanchionError for a name of no mart."""
    chosen = [name.removeprefix("marts.") for name in names]
    for name in chosen:
        if name not in marts:
            near = difflib.get_close_matches(name, marts, 3)
            hint = f"did you mean {' or '.join(near)}?" if near else "to list the marts, run: stanchion export --list"
            raise StanchionError(f"There is no mart '{name}' that this login can read; {hint}")
    return [marts[name] for name in dict.fromkeys(chosen)]


def changes_since(conn: Connection, tenant_id: UUID, load_id: int) -> Changes:
    """Return what changed after a load. Raises StanchionError for a login that may not see loads, as an analyst."""
    sources = PREFIX if value(conn, "select to_regclass(%s) is not null", [f"{PREFIX}contest.fixture"]) else ""
    if not value(conn, "select has_table_privilege(%s, 'select')", [f"{sources}contest.fixture"]):
        raise StanchionError("Only an operator or the builder can use --since, because analysts do not see loads.")
    last = value(conn, query("export", "last_load"))
    if last is None:
        raise StanchionError("The marts do not exist yet; run: stanchion build")
    if load_id > last:
        raise StanchionError(f"The marts contain loads up to {last}; --since {load_id} lies after them.")
    games = query("export", "changed_games").replace("contest.fixture", f"{sources}contest.fixture")
    found = conn.execute(games.encode(), {"tenant": tenant_id, "since": load_id})
    return Changes(tuple(game for (game,) in found), int(last))


def statement(mart: Mart, selection: Selection, columns: Sequence[sql.Composable]) -> sql.Composed:
    """Return the query of these columns, ordered by the key, so that equal marts give equal files."""
    conditions = []
    if mart.has("tenant_id"):
        conditions.append(sql.SQL("m.tenant_id = {}").format(sql.Literal(selection.tenant_id)))
    if selection.games is not None and mart.has("game_key"):
        conditions.append(sql.SQL("m.game_key = any({})").format(sql.Literal(list(selection.games))))
    if selection.partitions:
        by, values = selection.partitions
        conditions.append(
            sql.SQL("coalesce({by}::text = any({values}), {has_null})").format(
                by=column(by),
                values=sql.Literal([each for each in values if each is not None]),
                has_null=sql.Literal(None in values),
            )
        )
    return sql.SQL("select {} from marts.{} as m{}{}").format(
        sql.SQL(", ").join(columns),
        sql.Identifier(mart.name),
        sql.SQL(" where ") + sql.SQL(" and ").join(conditions) if conditions else sql.SQL(""),
        sql.SQL(" order by ") + sql.SQL(", ").join(map(column, mart.key)) if mart.key else sql.SQL(""),
    )


def partitions_of(mart: Mart, selection: Selection, by: str) -> sql.Composed:
    """Return the query of the values that a column has in the selection, as text."""
    found = statement(mart, selection, [sql.SQL("{}::text as value").format(column(by))])
    return sql.SQL("select distinct r.value from ({}) as r").format(found)


def column(name: str) -> sql.Composed:
    """Return the expression of a column in a statement."""
    return sql.SQL("m.{}").format(sql.Identifier(name))

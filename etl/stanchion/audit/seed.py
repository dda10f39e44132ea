"""A row in every table with tenants, made from the catalog, so that tables of later modules are audited too.

When a CHECK refuses a value, the next value that the column's type or the text of the constraint suggests is tried. Two
foreign keys to one table refer to two of its rows. A table for which no row can be inserted is a finding.
"""

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from stanchion.paths import query
from stanchion.server.connection import Connection, acting_for, value

_MAX_TRIES = 200
SLUG = "stanchion-audit"
BELOW_EVERY_LOAD = -1  # load_id of every row: no build reads it, even when the audit is killed
_ONE_ROW = {"core.tenant"}  # tables with one row for each tenant


@dataclass(frozen=True)
class Table:
    """A table with tenant_id, as the query tables of this package describes it."""

    name: str
    columns: list[dict[str, Any]]
    checks: dict[str, dict[str, list[str]]]
    parents: list[dict[str, Any]]
    is_partitioned: bool
    owner: str

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(*self.name.split("."))

    @property
    def writable(self) -> list[str]:
        return [column["name"] for column in self.columns if column["writable"]]


@dataclass
class Victim:
    """A temporary tenant to attack, with marks that identify its data anywhere."""

    slug: str
    tenant_id: str
    mark: str
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    second_rows: dict[str, dict[str, Any]] = field(default_factory=dict)  # for tables with two references from one row

    @property
    def marks(self) -> list[str]:
        return [
            self.tenant_id,
            self.tenant_id.replace("-", ""),
            self.mark,
            hashlib.sha256(self.mark.encode()).hexdigest(),
        ]

    def is_in(self, thing: Any) -> bool:
        text = _as_text(thing).lower()
        return any(mark in text for mark in self.marks)


def _as_text(thing: Any) -> str:
    if isinstance(thing, (bytes, memoryview)):
        return bytes(thing).hex()
    if isinstance(thing, (list, tuple)):
        return " ".join(_as_text(part) for part in thing)
    return str(thing)


def read_tables(conn: Connection) -> list[Table]:
    """Return every table with tenant_id, parents before children."""
    with conn.transaction(force_rollback=True):
        conn.execute("set local search_path = pg_catalog")
        found = conn.cursor(row_factory=class_row(Table)).execute(query("audit", "tables")).fetchall()
    return list(_parents_first({table.name: table for table in found}))


def _parents_first(tables: dict[str, Table]) -> Iterator[Table]:
    visited: set[str] = set()

    def visit(table: Table) -> Iterator[Table]:
        if table.name in visited:
            return
        visited.add(table.name)
        for parent in table.parents:
            if parent["target"] in tables:
                yield from visit(tables[parent["target"]])
        yield table

    for table in tables.values():
        yield from visit(table)


def make_victim(conn: Connection, slug: str) -> Victim:
    """Create a tenant whose name is its mark, with the rows that must stay harmless if the audit is killed.

    The numbers of its item and its purchase add up, which a test of the marts checks.
    """
    mark = f"mark{uuid.uuid4().hex[:12]}"
    while True:  # on a cluster, until a new tenant belongs to the node of this connection
        with conn.transaction():
            tenant = value(conn, "select core.create_tenant(%s, %s, 'league')", [slug, mark])
            if not value(conn, "select core.is_at_home(%s)", [tenant]):
                raise psycopg.Rollback
            conn.execute(query("audit", "harmless_setting"))
            conn.execute(query("audit", "harmless_load"), {"load": BELOW_EVERY_LOAD, "mark": mark})
            item = value(conn, "select stock.add_item(%s, 12.50, 3)", [mark])
            conn.execute("select stock.buy(%s, 1, %s)", [item, mark])
            return Victim(slug, str(tenant), mark)


def fill(conn: Connection, table: Table, victim: Victim, tables: dict[str, Table]) -> str | None:
    """Ensure that the victim has a row in a table. Return the reason when no row can be inserted."""
    with acting_for(conn, victim.tenant_id):
        if table.is_partitioned:
            conn.execute("select core.ensure_due_partitions()")
        existing = conn.execute(
            sql.SQL("select to_jsonb(t) from {} as t where tenant_id = %s limit 1").format(table.identifier),
            [victim.tenant_id],
        ).fetchone()
        if existing:
            victim.rows[table.name] = existing[0]
            return None
        return _insert(conn, table, victim, tables)


def _insert(conn: Connection, table: Table, victim: Victim, tables: dict[str, Table]) -> str | None:
    try:
        given = _inherited(conn, table, victim, tables)
    except LookupError as e:
        return str(e)
    suggestions = {
        column["name"]: _suggestions(column, table, victim)
        for column in table.columns
        if column["name"] not in given and column["required"] and column["writable"]
    }
    for _ in range(_MAX_TRIES):
        values = given | {name: options[0] for name, options in suggestions.items()}
        # Citus accepts no to_jsonb(t) in RETURNING
        statement = sql.SQL("with t as (insert into {} ({}) values ({}) returning *) select to_jsonb(t) from t").format(
            table.identifier,
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(sql.Placeholder() * len(values)),
        )
        try:
            with conn.transaction():
                row = conn.execute(statement, list(values.values())).fetchone()
            victim.rows[table.name] = row[0] if row else {}
        except psycopg.errors.CheckViolation as e:
            refused = table.checks.get(e.diag.constraint_name or "", {}).get("columns", [])
            if not (_next_suggestion(suggestions, refused) or _clear_parent(given, table, refused)):
                return str(e.diag.message_primary)
        except psycopg.Error as e:
            return str(e.diag.message_primary or e)
        else:
            return None
    return f"no row was accepted in {_MAX_TRIES} tries"


def _next_suggestion(suggestions: dict[str, list[Any]], refused: list[str]) -> bool:
    """Drop the first suggestion of one refused column: the column with the most suggestions left."""
    for name in sorted(set(refused) & suggestions.keys(), key=lambda name: -len(suggestions[name])):
        if len(suggestions[name]) > 1:
            suggestions[name].pop(0)
            return True
    return False


def _clear_parent(given: dict[str, Any], table: Table, refused: list[str]) -> bool:
    """Set one refused foreign key to null, when the column allows null."""
    nullable = {column["name"] for column in table.columns if column["nullable"]}
    for name in sorted(set(refused) & given.keys() & nullable, reverse=True):
        if given[name] is not None:
            given[name] = None
            return True
    return False


def _inherited(conn: Connection, table: Table, victim: Victim, tables: dict[str, Table]) -> dict[str, Any]:
    """Return tenant_id and the foreign keys, from the victim's rows or from any row of a table without tenants."""
    given: dict[str, Any] = {"tenant_id": victim.tenant_id}
    referred: set[str] = set()
    for parent in table.parents:
        target = parent["target"]
        if target == table.name:
            continue  # the first row of a tree has no parent
        row = victim.rows.get(target)
        if target in referred:
            row = _second(conn, tables[target], victim, tables) or row
        if row is None:
            any_row = sql.SQL("select to_jsonb(t) from {} as t limit 1").format(sql.Identifier(*target.split(".")))
            found = conn.execute(any_row).fetchone()
            if found is None:
                raise LookupError(f"{target} has no row to refer to")
            row = found[0]
        if target in tables and target not in _ONE_ROW:
            referred.add(target)
        given |= {here: row[there] for here, there in zip(parent["columns"], parent["target_columns"], strict=True)}
    return given


def _second(conn: Connection, table: Table, victim: Victim, tables: dict[str, Table]) -> dict[str, Any]:
    """Return a second row of the victim, with a mark that contains the first; empty when a key allows only one."""
    if table.name not in victim.second_rows:
        other = replace(victim, mark=f"{victim.mark}b", rows=dict(victim.rows))
        failed = _insert(conn, table, other, tables)
        victim.second_rows[table.name] = {} if failed else other.rows[table.name]
    return victim.second_rows[table.name]


def _suggestions(column: dict[str, Any], table: Table, victim: Victim) -> list[Any]:
    """Return values for a column that satisfy most constraints. For text, those with the victim's mark come first."""
    literals = [
        literal
        for check in table.checks.values()
        if column["name"] in check["columns"]
        for literal in check["literals"]
    ]
    now = datetime.now(UTC)
    by_type: dict[str, list[Any]] = {
        "text": [victim.mark, f"{victim.mark}@audit.example", *literals],
        "character varying": [victim.mark, *literals],
        "name": [victim.mark],
        "uuid": [str(uuid.uuid4())],
        "boolean": [True, False],
        "date": [now.date(), now.date().replace(day=1)],
        "timestamp with time zone": [now],
        "interval": ["1 minute"],
        "jsonb": [Jsonb({"mark": victim.mark}), Jsonb([victim.mark]), Jsonb(1), Jsonb(victim.mark)],
        "bytea": [hashlib.sha256(victim.mark.encode()).digest()],
        "tstzrange": [f"[{now.isoformat()},)"],
        "xid8": ["1"],
    }
    if column["name"] == "load_id":
        return [BELOW_EVERY_LOAD]
    if column["labels"]:
        return list(column["labels"])
    if column["type"] in by_type:
        return by_type[column["type"]]
    return ["{}"] if column["type"].endswith("[]") else [1, 0, 100]


def digest(conn: Connection, tables: list[Table], victim: Victim) -> dict[str, str]:
    """Return a hash of the victim's rows for each table, to detect changes."""
    parts = [
        sql.SQL(
            "select {name}, md5(coalesce(string_agg(t::text, ',' order by t::text), '')) "
            "from {table} as t where tenant_id = {id}"
        ).format(name=sql.Literal(table.name), table=table.identifier, id=sql.Literal(victim.tenant_id))
        for table in tables
    ]
    return dict(conn.execute(sql.SQL(" union all ").join(parts)).fetchall())


def remove(conn: Connection, tables: list[Table]) -> None:
    """Delete the victims of this audit and of killed audits. Rows of append-only tables stay."""
    statement = "select tenant_id from core.tenant where slug ~ %s and name ~ '^mark[0-9a-f]{12}$'"
    ids = [row[0] for row in conn.execute(statement, [f"^{SLUG}-(ours|theirs)-[0-9a-f]{{8}}$"])]
    for table in reversed(tables):
        owner = "stanchion_builder" if table.name.startswith("marts.") else "stanchion_owner"
        for tenant in ids:
            try:
                # for the tenant: an operator who becomes the owner is not an operator on the other nodes of a cluster
                with acting_for(conn, tenant):
                    # as the owner: a superuser could delete rows of append-only tables
                    conn.execute(f"set local role {owner}")
                    conn.execute(sql.SQL("delete from {} where tenant_id = %s").format(table.identifier), [tenant])
            except psycopg.errors.InsufficientPrivilege:
                break

"""Export a tenant: every row of one snapshot, to one file that is complete or absent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from stanchion.access.builder import builder_server
from stanchion.cluster.home import at_home
from stanchion.errors import StanchionError
from stanchion.marts.node import open_marts_node
from stanchion.paths import query
from stanchion.progress import Report
from stanchion.replacing import replacing
from stanchion.server.connection import Connection, acting_for, connect, find_tenant, require_operator
from stanchion.server.locate import Server
from stanchion.transfer.bundle import Manifest, Member, Writer, writing
from stanchion.transfer.tables import BUILDER, GRANTS, Table, rows_of, tables_of


@dataclass(frozen=True)
class Exported:
    """The result of an export."""

    file: str
    manifest: Manifest

    def as_dict(self) -> dict[str, Any]:
        """Return the result as JSON shows it."""
        manifest = self.manifest
        return {
            "file": self.file,
            "export_id": manifest.export_id,
            "tenant": manifest.tenant,
            "rows": manifest.rows,
            "tables": {name: member.rows for name, member in (manifest.tables | manifest.marts).items()},
            "expired_games": len(manifest.expired_games),
            "analysts": manifest.analysts,
        }


def export_tenant(server: Server, conn: Connection, slug: str, out: Path, report: Report) -> Exported:
    """Write every row of a tenant to a file. A file of this name is replaced when the new one is complete."""
    require_operator(conn)
    tenant_id = find_tenant(conn, slug)
    with (
        at_home(conn, tenant_id) as there,
        _snapshot(there, tenant_id),
        replacing(out) as beside,
        writing(beside) as writer,
    ):
        tables = tables_of(there)
        manifest = _describe(there, tables, tenant_id)
        if manifest.tenant["status"] in ("importing", "removing"):
            raise StanchionError(
                f"{slug} is {manifest.tenant['status']}; an export would have only a part of its rows."
            )
        for table in tables:
            if table.name == GRANTS:
                continue
            manifest.tables[table.name] = _add(there, writer, "data", table, tenant_id, report)
            if table.day and manifest.tables[table.name].rows:
                manifest.days[table.name] = _days(there, table, tenant_id)
        if manifest.expired_games:
            _add_marts(server, there, writer, manifest, tenant_id, report)
        writer.finish(manifest)
    return Exported(str(out), manifest)


@contextmanager
def _snapshot(conn: Connection, tenant_id: UUID) -> Iterator[None]:
    """Run the body in one snapshot of the tenant."""
    conn.isolation_level, conn.read_only = psycopg.IsolationLevel.REPEATABLE_READ, True
    try:
        with acting_for(conn, tenant_id):
            yield
    finally:
        if not conn.closed:
            conn.isolation_level, conn.read_only = None, None


def _describe(conn: Connection, tables: list[Table], tenant_id: UUID) -> Manifest:
    row = conn.execute(query("transfer", "tenant"), {"tenant": tenant_id}).fetchone()
    if row is None:
        raise StanchionError(f"Tenant {tenant_id} was removed just now.")
    manifest = Manifest(
        tenant={"id": str(tenant_id)} | dict(zip(("slug", "name", "kind", "status", "created_at"), row, strict=True)),
        exported_at=datetime.now(UTC).isoformat(timespec="seconds"),
        server=str(conn.info.server_version),
    )
    for name, columns, target, _ in conn.execute(query("transfer", "shared_keys").encode(), {}).fetchall():
        statement = sql.SQL("select distinct {} from {} where tenant_id = %s and ({}) is not null order by 1").format(
            sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(column)) for column in columns),
            sql.SQL(name),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
        )
        if found := conn.execute(statement, [tenant_id]).fetchall():
            manifest.needs[target] = sorted(map(list, {*map(tuple, manifest.needs.get(target, [])), *found}))
    expired = conn.execute(query("transfer", "expired_games"), {"tenant": tenant_id}).fetchall()
    manifest.expired_games = [key for (key,) in expired]
    manifest.analysts = [
        login for (login,) in conn.execute(query("transfer", "analysts"), {"tenant": tenant_id}).fetchall()
    ]
    manifest.loads = _loads(conn, tables, tenant_id)
    return manifest


def _loads(conn: Connection, tables: list[Table], tenant_id: UUID) -> list[int]:
    """Return the load ids in all tables, in order. An import replaces them by new ones in the same order."""
    parts = [
        sql.SQL("select load_id from {} where tenant_id = %(tenant)s").format(table.identifier)
        for table in tables
        if table.has("load_id")
    ]
    statement = sql.SQL("select distinct load_id from ({}) as l where load_id > 0 order by 1")
    found = conn.execute(statement.format(sql.SQL(" union all ").join(parts)), {"tenant": tenant_id}).fetchall()
    return [load_id for (load_id,) in found]


def _days(conn: Connection, table: Table, tenant_id: UUID) -> list[str]:
    statement = sql.SQL("select distinct {}::date::text from {} where tenant_id = %s order by 1")
    rows = conn.execute(statement.format(sql.Identifier(table.day or ""), table.identifier), [tenant_id]).fetchall()
    return [day for (day,) in rows]


def _add(
    conn: Connection,
    writer: Writer,
    folder: str,
    table: Table,
    tenant_id: UUID,
    report: Report,
    games: list[str] | None = None,
) -> Member:
    """Copy the rows of the tenant from a table to the file."""
    condition = sql.SQL("tenant_id = {}").format(str(tenant_id))
    if games is not None:
        condition = sql.SQL("{} and game_key = any({})").format(condition, games)
    statement = sql.SQL("copy (select {} from {} where {}) to stdout with (format csv, header)").format(
        table.column_list(), table.identifier, condition
    )

    def copy(write: Callable[[bytes], Any]) -> int:
        cursor = conn.cursor()
        with cursor.copy(statement) as source:
            for part in source:
                write(bytes(part))
        return cursor.rowcount

    member = writer.add(folder, table.name, table.columns, copy)
    if member.rows:
        report(rows_of(table.name, member.rows))
    return member


def _add_marts(
    server: Server, conn: Connection, writer: Writer, manifest: Manifest, tenant_id: UUID, report: Report
) -> None:
    """Add the rows of the marts about games that have expired, which no build can compute again."""
    with open_marts_node(server, conn) as node, connect(builder_server(node.server, node.conn)) as builder:
        for table in tables_of(builder, BUILDER):
            if table.has("game_key") and table.name.startswith(("marts.", "staging.")):
                member = _add(builder, writer, "marts", table, tenant_id, report, manifest.expired_games)
                if member.rows:
                    manifest.marts[table.name] = member

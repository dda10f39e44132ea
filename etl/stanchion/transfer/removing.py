"""Remove a tenant: every row with its id, in every table, mart and archive, except those on hold.

The order makes it repeatable after any interruption: the tenant is closed first, and its row is deleted last. In
between, each partition is emptied in its own transaction.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg import sql
from psycopg.types.json import Jsonb

from stanchion.access.analysts import revoke_analyst
from stanchion.access.builder import builder_server
from stanchion.cluster.home import at_coordinator, at_home, is_cluster
from stanchion.errors import StanchionError
from stanchion.marts.node import open_marts_node
from stanchion.marts.run import only_build
from stanchion.paths import query
from stanchion.progress import Report
from stanchion.server.connection import Connection, acting_for, connect, find_tenant, require_superuser, value
from stanchion.server.locate import Server
from stanchion.transfer.tables import BUILDER, GRANTS, TENANT, Table, partitions_of, rows_of, tables_of

_WAIT = 60.0  # seconds for transactions that may have written rows


@dataclass
class Removed:
    """The result of a removal."""

    slug: str
    deleted: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)  # rows in tables on hold
    holds: dict[str, str] = field(default_factory=dict)  # the reason of each hold
    logins: list[str] = field(default_factory=list)  # analysts whose grant was revoked
    is_complete: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the result as JSON shows it."""
        return {
            "slug": self.slug,
            "complete": self.is_complete,
            "deleted": sum(self.deleted.values()),
            "tables": {name: rows for name, rows in self.deleted.items() if rows},
            "kept": self.kept,
            "holds": self.holds,
            "analysts_revoked": self.logins,
        }


def count_rows(server: Server, conn: Connection, slug: str) -> Removed:
    """Return the rows that a removal would delete and keep. Changes nothing."""
    tenant_id, found = find_tenant(conn, slug), Removed(slug)
    require_superuser(conn)
    found.logins = _analysts(conn, tenant_id)
    with at_home(conn, tenant_id) as there:
        holds = _holds(conn)
        for table in tables_of(there, with_detached=True):
            rows = _count(there, table.name, tenant_id)
            if (reason := _hold_of(table, holds)) is None:
                found.deleted[table.name] = rows
            elif rows:
                found.kept[table.name], found.holds[table.name] = rows, reason
    with open_marts_node(server, conn) as node, connect(builder_server(node.server, node.conn)) as builder:
        found.deleted |= {table.name: _count(builder, table.name, tenant_id) for table in tables_of(builder, BUILDER)}
    return found


def remove_tenant(server: Server, conn: Connection, slug: str, report: Report, *, keep_held: bool) -> Removed:
    """Delete every row of a tenant. With `keep_held`, rows of tables on hold stay, and the tenant stays closed."""
    tenant_id, result = find_tenant(conn, slug), Removed(slug)
    before = count_rows(server, conn, slug)
    if before.kept and not keep_held:
        reasons = "; ".join(f"{name} ({reason})" for name, reason in before.holds.items())
        raise StanchionError(
            f"Rows of {slug} are on hold: {reasons}. End the hold, or delete only the other rows: --keep-held"
        )
    result.logins, result.kept, result.holds = before.logins, before.kept, before.holds
    removal = _begin(conn, tenant_id, before)
    with at_home(conn, tenant_id) as there:
        _wait_for_writers(there, report)
        for table in reversed(tables_of(there, with_detached=True)):
            if table.name in (TENANT, GRANTS):
                continue
            if table.name in before.kept:
                continue
            names = [table.name] if is_cluster(there) else partitions_of(there, table)
            result.deleted[table.name] = _empty(there, table, names, tenant_id, report)
        _forget_statistics(there, tenant_id)
    with (
        open_marts_node(server, conn) as node,
        only_build(node.conn, report),
        connect(builder_server(node.server, node.conn)) as builder,
    ):
        for table in tables_of(builder, BUILDER):
            result.deleted[table.name] = _empty(builder, table, [table.name], tenant_id, report)
        require_superuser(node.conn)
        _forget_statistics(node.conn, tenant_id)
    _end(conn, tenant_id, removal, result)
    return result


def _begin(conn: Connection, tenant_id: UUID, before: Removed) -> UUID:
    """Close the tenant, revoke its analysts, and return the record of the removal, which may have begun before."""
    for login in before.logins:
        revoke_analyst(conn, login, [before.slug])
    with at_coordinator(conn) as there, there.transaction():
        there.execute("select core.replan_for_analysts()")
        there.execute("update core.tenant set status = 'removing' where tenant_id = %s", [tenant_id])
        there.execute(
            "insert into core.tenant_removal (slug, found) values (%s, %s) "
            "on conflict (slug) where finished_at is null do nothing",
            [before.slug, Jsonb({name: n for name, n in (before.deleted | before.kept).items() if n})],
        )
        statement = "select removal_id from core.tenant_removal where slug = %s and finished_at is null"
        found = value(there, statement, [before.slug])
    return UUID(str(found))


def _wait_for_writers(conn: Connection, report: Report) -> None:
    """Wait for the transactions that began before the tenant was closed: their rows would appear after the deletes."""
    until = value(conn, "select pg_current_xact_id()::text::bigint")
    deadline, reported = time.monotonic() + _WAIT, False
    while writers := conn.execute(query("transfer", "writers"), {"until": until}).fetchall():
        names = ", ".join(f"session {pid} of {login}" for pid, login in writers)
        if time.monotonic() > deadline:
            raise StanchionError(
                f"Transactions that may write rows of the tenant are still open: {names}. "
                "End them, and repeat the command; it goes on where it stopped."
            )
        if not reported:
            report(f"waiting for {names}")
            reported = True
        time.sleep(0.2)


def _empty(conn: Connection, table: Table, names: list[str], tenant_id: UUID, report: Report) -> int:
    """Delete the rows of the tenant from a table or each of its partitions, and return their number."""
    deleted = 0
    for name in names:
        with acting_for(conn, tenant_id):
            statement = sql.SQL("delete from {} where tenant_id = %s").format(sql.SQL(name))
            deleted += conn.execute(statement, [tenant_id]).rowcount
    if deleted:
        report(rows_of(table.name, deleted))
    return deleted


def _forget_statistics(conn: Connection, tenant_id: UUID) -> None:
    """Compute the statistics anew that contain the id of the tenant, as a frequent value or a bound.

    ANALYZE alone keeps the statistics of a table that is empty now.
    """
    for (name,) in conn.execute(query("transfer", "statistics"), {"text": f"%{tenant_id}%"}).fetchall():
        with conn.transaction():
            conn.execute("delete from pg_statistic where starelid = %s::regclass", [name])
            conn.execute(sql.SQL("analyze {}").format(sql.SQL(name)))


def _end(conn: Connection, tenant_id: UUID, removal: UUID, result: Removed) -> None:
    """Delete the tenant itself, unless rows of it were kept, and record what was done."""
    with at_coordinator(conn) as there, there.transaction():
        there.execute("delete from core.cluster_step where object = %s", [str(tenant_id)])
        result.is_complete = not result.kept
        if result.is_complete:
            result.deleted[TENANT] = there.execute("delete from core.tenant where tenant_id = %s", [tenant_id]).rowcount
        there.execute(
            "update core.tenant_removal set finished_at = case when %s then clock_timestamp() end, kept = %s "
            "where removal_id = %s",
            [result.is_complete, Jsonb(result.kept), removal],
        )
        there.execute("select workspace.refresh_stats()")  # the stored statistics have a row for each tenant
        _forget_statistics(there, tenant_id)


def _hold_of(table: Table, holds: dict[str, str]) -> str | None:
    """Return the reason of the hold of a table, or of the table of which it is a detached partition."""
    for relation, reason in holds.items():
        if table.name == relation or (table.is_detached and f".{relation.replace('.', '__')}__" in table.name):
            return reason
    return None


def _holds(conn: Connection) -> dict[str, str]:
    return dict(conn.execute(query("transfer", "holds").encode(), {}).fetchall())


def _analysts(conn: Connection, tenant_id: UUID) -> list[str]:
    return [login for (login,) in conn.execute(query("transfer", "analysts"), {"tenant": tenant_id}).fetchall()]


def _count(conn: Connection, name: str, tenant_id: UUID) -> int:
    with acting_for(conn, tenant_id):
        return int(value(conn, f"select count(*) from {name} where tenant_id = %s", [tenant_id]))  # noqa: S608

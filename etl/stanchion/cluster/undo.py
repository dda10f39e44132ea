"""`cluster undo`: bring the rows of every shard back into the tables of the coordinator, and leave the cluster.

The coordinator keeps its tables while they are distributed, empty and with everything that belongs to them. So undo is
one transaction there: it drops the extension, which makes the tables ordinary ones, and copies the rows of each shard
into them. The nodes keep their rows until that transaction is committed and the digests were equal. Afterwards the
database on each node is dropped.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import psycopg
from psycopg import sql

from stanchion.cluster import rights
from stanchion.cluster.digest import Digest, digest
from stanchion.cluster.distribute import distributed_tables
from stanchion.cluster.mirror_target import drop_mirror
from stanchion.cluster.nodes import SETTINGS, Node, alone, connect_to, has_citus, identifier, parse_node, same_session
from stanchion.cluster.plan import ROLES, Table, make_plan
from stanchion.cluster.plan_modes import restore_modes
from stanchion.cluster.positions import forget_transactions
from stanchion.cluster.run import is_expected
from stanchion.cluster.steps import Steps, cluster_lock
from stanchion.deploy import catalog
from stanchion.errors import StanchionError
from stanchion.paths import query
from stanchion.progress import Report
from stanchion.server.connection import Connection, require_deployed, value
from stanchion.server.locate import Server


@dataclass(frozen=True)
class Shard:
    """One shard of a table and the node that has it; a shard of a reference table is read at the coordinator."""

    relation: int
    name: str
    node: Node
    is_local: bool


def undo(server: Server, conn: Connection, report: Report) -> int:
    """Make the database plain again. Return the number of steps that changed something."""
    require_deployed(conn)
    with cluster_lock(conn, report):
        found = conn.execute("select state, nodes, shards from core.cluster").fetchone()
        steps = Steps(conn, "undo", report)
        if found is None:
            return 0
        state, nodes, shards = found
        if has_citus(conn):
            same_session(conn)
            refuse(server, conn, [parse_node(node) for node in nodes])
            if state != "undoing":
                with steps.step("state", "undoing"):
                    conn.execute("update core.cluster set state = 'undoing'")
            try:
                _bring_back(server, conn, steps, make_plan(conn, shards).tables)
            except (StanchionError, psycopg.Error):
                if not conn.broken:  # the transaction was undone, so the cluster is as it was
                    before = "distributed" if state == "undoing" else state
                    conn.execute("update core.cluster set state = %s", [before])
                raise
        _make_plain(conn, steps)
        for node in nodes:
            _leave(server, conn, steps, parse_node(node))
        with steps.step("mirror", "dropped"):
            drop_mirror(conn)  # the next build reads the tables themselves, and computes purchases in full
        with steps.step("state", "plain"):
            conn.execute("delete from core.cluster")
            catalog.record(conn)
        return steps.changed


def refuse(server: Server, conn: Connection, nodes: list[Node]) -> None:
    """Raise StanchionError with every reason why undo cannot work now."""
    reasons: list[str] = []
    for node in nodes:
        try:
            with connect_to(server, node) as there:
                if prepared := value(there, query("cluster", "prepared")):
                    reasons.append(
                        f"{node} has {prepared} prepared transactions; commit or roll them back with "
                        "select recover_prepared_transactions() on the coordinator."
                    )
        except StanchionError as e:
            if value(conn, query("cluster", "has_node"), {"host": node.host, "port": node.port}):
                reasons.append(str(e))
    if not reasons:  # the query reads every node
        reasons = [reason for (reason,) in conn.execute(query("cluster", "undo_refusals")).fetchall()]
    if reasons:
        raise StanchionError("The cluster cannot be undone now:\n  " + "\n  ".join(reasons))


def _bring_back(server: Server, conn: Connection, steps: Steps, tables: list[Table]) -> None:
    """Drop the extension and copy the rows of every shard into the tables of the coordinator, in one transaction."""
    started = time.monotonic()
    known = distributed_tables(conn)
    ours = [table for table in tables if table.name in known]
    before = {table.name: digest(conn, table.relation, table.name) for table in ours}
    shards = [
        Shard(relation, name, Node(host, port), is_local)
        for relation, name, host, port, is_local in conn.execute(query("cluster", "shards")).fetchall()
    ]
    done: list[tuple[str, Digest]] = []
    with conn.transaction():
        conn.execute("set local allow_system_table_mods = on")
        conn.execute(query("cluster", "keep_tables"))
        conn.execute("set local allow_system_table_mods = off")
        conn.execute("drop extension citus cascade")
        if ours:
            names = sql.SQL(", ").join(identifier(table.name) for table in ours)
            conn.execute(sql.SQL("truncate {}").format(names))
        for table in ours:
            for shard in shards:
                if shard.relation == table.relation:
                    _copy(server, conn, table, shard)
            after = digest(conn, table.relation, table.name)
            if after != before[table.name]:
                raise StanchionError(
                    f"{table.name} has {before[table.name]} on the nodes and {after} here: another session wrote it. "
                    "Nothing was changed; stop the writers and run this command again."
                )
            done.append((table.name, after))
            steps.record("local", table.name, after, started)
        for shard in shards:
            if shard.is_local:
                conn.execute(sql.SQL("drop table {} cascade").format(identifier(shard.name)))
        forget_transactions(conn)
        lost = [line for line in catalog.drift(conn) if not is_expected(line)]
        if lost:
            raise StanchionError("Undo would change the database; nothing was done:\n  " + "\n  ".join(lost))
    for name, after in done:
        steps.tell("local", name, after)


def _copy(server: Server, conn: Connection, table: Table, shard: Shard) -> None:
    """Copy the rows of a shard into the table."""
    rows = conn.execute(query("cluster", "stored_columns"), {"relation": table.relation}).fetchall()
    columns = sql.SQL(", ").join(sql.Identifier(name) for (name,) in rows)
    read = sql.SQL("copy (select {} from {}) to stdout").format(columns, identifier(shard.name))
    write = sql.SQL("copy {} ({}) from stdin").format(identifier(table.name), columns)
    if shard.is_local:
        statement = sql.SQL("insert into {0} ({1}) select {1} from {2}")
        conn.execute(statement.format(identifier(table.name), columns, identifier(shard.name)))
        return
    with (
        connect_to(server, shard.node) as there,
        there.cursor().copy(read) as source,
        conn.cursor().copy(write) as target,
    ):
        for data in source:
            target.write(data)


def _make_plain(conn: Connection, steps: Steps) -> None:
    """Reset the settings, the plans of functions, the logins of the roles and the unlogged tables."""
    alone(conn)
    restore_modes(conn, steps)
    database = sql.Identifier(conn.info.dbname)
    names = [name for name in SETTINGS if name not in rights.missing_settings(conn)]
    if names:
        with steps.step("settings", "reset"):
            for name in names:
                conn.execute(sql.SQL("alter database {} reset {}").format(database, identifier(name)))
    for name in _free_roles(conn, conn.info.dbname):
        with steps.step("nologin", name):
            conn.execute(sql.SQL("alter role {} nologin").format(sql.Identifier(name)))
    for (name,) in conn.execute(query("cluster", "logged_tables")).fetchall():
        with steps.step("unlogged", name):
            conn.execute(sql.SQL("alter table {} set unlogged").format(identifier(name)))


def _leave(server: Server, conn: Connection, steps: Steps, node: Node) -> None:
    """Drop the database of a node, whose rows are all here, and refuse new logins of our roles there."""
    database = conn.info.dbname
    with connect_to(server, node, "postgres") as there:
        if value(there, "select exists (select from pg_database where datname = %s)", [database]):
            with steps.step("leave", str(node)):
                there.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(database)))
        for name in _free_roles(there, database):
            there.execute(sql.SQL("alter role {} nologin").format(sql.Identifier(name)))


def _free_roles(conn: Connection, database: str) -> list[str]:
    """Return the roles that may log in, unless another database of the server is distributed: roles are shared."""
    if value(conn, query("cluster", "other_is_distributed"), {"database": database}):
        return []
    return [name for name in ROLES if value(conn, "select rolcanlogin from pg_roles where rolname = %s", [name])]

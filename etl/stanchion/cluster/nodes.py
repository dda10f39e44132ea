"""The nodes of a cluster: their addresses, connections to them, and the settings of their sessions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from stanchion.errors import StanchionError
from stanchion.server.connection import Connection, connect, value
from stanchion.server.locate import Server

# Citus sends only these settings of a transaction to other nodes when propagation is 'local'. The deployer and dbt turn
# it off in their sessions, since they send several statements in one message.
SETTINGS = {
    "citus.propagate_set_commands": "local",
    "citus.allow_nested_distributed_execution": "on",
    "citus.enable_local_reference_table_foreign_keys": "off",
    "citus.multi_shard_modify_mode": "sequential",
    "plan_cache_mode": "force_custom_plan",  # see plan_modes.py
}


@dataclass(frozen=True, order=True)
class Node:
    """The address of one node."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def parse_node(text: str) -> Node:
    """Return the node of host:port, or raise StanchionError."""
    host, colon, port = text.strip().rpartition(":")
    if not (colon and host and port.isdigit() and 0 < int(port) < 65536):
        raise StanchionError(f"'{text}' is not the address of a node; write host:port, for example 10.0.0.5:5432.")
    return Node(host.strip("[]"), int(port))


@contextmanager
def connect_to(server: Server, node: Node, database: str | None = None) -> Iterator[Connection]:
    """Open a connection to a node with the user and the options of the configured server. DDL there stays there."""
    parts: dict[str, str | int] = {"host": node.host, "port": node.port}
    if database:
        parts["dbname"] = database
    try:
        opened = connect(replace(server, dsn=make_conninfo(server.dsn, **parts)))
        with opened as conn:
            alone(conn)
            yield conn
    except psycopg.OperationalError as e:
        reason = str(e).strip().partition("\n")[0]
        raise StanchionError(f"The node {node} cannot be used: {reason}") from e


def alone(conn: Connection) -> None:
    """Keep the DDL and the SET LOCAL of this session on its own node. Harmless where Citus is not loaded."""
    conn.execute("set citus.enable_ddl_propagation = off")
    conn.execute("set citus.propagate_set_commands = 'none'")


def same_session(conn: Connection) -> None:
    """Give a session that began before the cluster the settings of the database, without those of transactions."""
    for name, text in SETTINGS.items():
        conn.execute("select set_config(%s, %s, false)", [name, text])
    conn.execute("set citus.propagate_set_commands = 'none'")
    conn.execute("set citus.enable_ddl_propagation = on")


def has_citus(conn: Connection) -> bool:
    """Return whether the database has the extension."""
    return bool(value(conn, "select exists (select from pg_extension where extname = 'citus')"))


def state_of(conn: Connection) -> str | None:
    """Return the state of the cluster; None on plain Postgres, and before the first `cluster run`."""
    if not value(conn, "select to_regclass('core.cluster') is not null"):
        return None
    state = value(conn, "select state from core.cluster")
    return str(state) if state else None


def prepare_session(conn: Connection) -> None:
    """Give the session of a deployer the settings that it needs.

    The deployer sends a file as one message. With the settings of the database, Citus would send the whole message to
    the nodes when it contains a SET LOCAL. Before `cluster run` has distributed the database, everything stays here.
    """
    state = state_of(conn)
    if state in ("distributing", "undoing"):
        command = "run" if state == "distributing" else "undo"
        raise StanchionError(f"stanchion cluster {command} stopped half-way; complete it first with the same command.")
    if state == "distributed":
        same_session(conn)
    elif has_citus(conn):
        alone(conn)


def workers(conn: Connection) -> list[Node]:
    """Return the nodes of the cluster other than the coordinator."""
    rows = conn.execute(
        "select nodename, nodeport from pg_dist_node where groupid <> 0 and noderole = 'primary' order by nodeid"
    ).fetchall()
    return [Node(host, port) for host, port in rows]


def identifier(name: str) -> sql.Composed:
    """Return schema.name as two quoted identifiers."""
    return sql.SQL(".").join(map(sql.Identifier, name.split(".", 1)))

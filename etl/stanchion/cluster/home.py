"""The node of a tenant on a Citus cluster, and connections to it. On plain Postgres every tenant is on the one server.

A tenant is written by sessions that begin at its node (decision 0055). Every command that works for a tenant gets its
connection here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from uuid import UUID

import psycopg
from psycopg.conninfo import make_conninfo

from stanchion.cluster.nodes import Node, parse_node
from stanchion.errors import StanchionError
from stanchion.paths import query
from stanchion.server.connection import Connection, acting_for, connect, find_tenant, value
from stanchion.server.locate import Server

_ADDRESSES = "STANCHION_NODE_ADDRESSES"


@dataclass(frozen=True)
class Acting:
    """A tenant, and the connection whose transaction acts for it."""

    conn: Connection
    tenant_id: UUID


def is_cluster(conn: Connection) -> bool:
    """Return whether the database is distributed over the nodes of a cluster, and not only a server loads Citus."""
    return _has_library(conn) and bool(value(conn, query("cluster", "is_cluster")))


def _has_library(conn: Connection) -> bool:
    """Return whether the server loads Citus. On plain Postgres, a login needs no rights for this answer."""
    return value(conn, "select current_setting('citus.version', true)") is not None


def home_of(conn: Connection, tenant_id: UUID | str) -> Node | None:
    """Return the node of a tenant, or None when this connection is to that node or the server is not a cluster."""
    if not _has_library(conn):
        return None
    row = conn.execute(query("cluster", "home"), {"tenant": str(tenant_id)}).fetchone()
    return Node(*row) if row else None


def homes(conn: Connection) -> list[Node]:
    """Return the nodes at which tenants are at home; none when the server is not a cluster."""
    if not is_cluster(conn):
        return []
    return [Node(*row) for row in conn.execute(query("cluster", "homes")).fetchall()]


def coordinator(conn: Connection) -> Node | None:
    """Return the coordinator, or None when this connection is to it or the server is not a cluster."""
    if not is_cluster(conn):
        return None
    row = conn.execute(query("cluster", "coordinator")).fetchone()
    return Node(*row) if row else None


def at(server: Server, node: Node) -> Server:
    """Return the server of a node, with the login, the database and the options of another server of the cluster."""
    seen = seen_from_here(node)
    dsn = make_conninfo(server.dsn, host=seen.host, port=seen.port, hostaddr=None)
    return replace(server, dsn=dsn, description=f"{server.description}, through the node {seen}")


def server_of(conn: Connection) -> Server:
    """Return the server of a connection, with its password."""
    info = conn.info
    read_only = value(conn, "show default_transaction_read_only") == "on"
    dsn = make_conninfo(info.dsn, password=info.password or None)
    return Server(dsn, "connection", embedded=False, description=f"{info.host}:{info.port}", read_only=read_only)


@contextmanager
def connect_to(server: Server, node: Node) -> Iterator[Connection]:
    """Open a connection to a node, or raise StanchionError that names it."""
    try:
        opened = connect(at(server, node))
        conn = opened.__enter__()
    except psycopg.OperationalError as e:
        reason = str(e).strip().partition("\n")[0]
        raise StanchionError(f"The node {seen_from_here(node)} cannot be used: {reason}") from e
    try:
        yield conn
    finally:
        opened.__exit__(None, None, None)


@contextmanager
def at_home(conn: Connection, tenant_id: UUID | str) -> Iterator[Connection]:
    """Yield a connection to the node of the tenant: this one, or a new one that closes at the end."""
    # a transaction of the caller stays whole: it writes tables that every node has, such as core.tenant
    in_transaction = conn.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
    node = None if in_transaction else home_of(conn, tenant_id)
    if node is None or (server := server_of(conn)).read_only:
        yield conn
        return
    with connect_to(server, node) as there:
        yield there


@contextmanager
def at_coordinator(conn: Connection) -> Iterator[Connection]:
    """Yield a connection to the coordinator, which alone creates tables: this one, or a new one for the body."""
    node = coordinator(conn)
    if node is None:
        yield conn
        return
    with connect_to(server_of(conn), node) as there:
        yield there


@contextmanager
def every_node(conn: Connection) -> Iterator[list[Connection]]:
    """Yield a connection to each node of the cluster, this one included. On plain Postgres it is the only one."""
    with ExitStack() as stack:
        nodes = conn.execute(query("cluster", "other_nodes")).fetchall() if is_cluster(conn) else []
        server = server_of(conn) if nodes else None
        yield [conn, *(stack.enter_context(connect_to(server, Node(*row))) for row in nodes if server)]


@contextmanager
def for_tenant_at_home(conn: Connection, slug: str) -> Iterator[Acting]:
    """Run the body in a transaction that acts for the tenant with this slug, at its node."""
    tenant_id = find_tenant(conn, slug)
    with at_home(conn, tenant_id) as there, acting_for(there, tenant_id):
        yield Acting(there, tenant_id)


def seen_from_here(node: Node) -> Node:
    """Return the address of a node for clients, when it differs from the one by which the nodes know it."""
    given = os.environ.get(_ADDRESSES, "")
    for pair in filter(None, given.split(",")):
        known, equals, seen = pair.partition("=")
        if not equals:
            raise StanchionError(
                f"{_ADDRESSES} contains '{pair}'; write host:port=host:port pairs, separated by commas: "
                "the address by which the nodes know each other, then the one for clients."
            )
        if parse_node(known) == node:
            return parse_node(seen)
    return node

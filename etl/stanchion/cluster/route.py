"""`cluster route`: the node of each tenant, and the entries of PgBouncer that lead to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from psycopg.rows import class_row

from stanchion.cluster.home import home_of, is_cluster, seen_from_here
from stanchion.cluster.nodes import Node
from stanchion.errors import StanchionError
from stanchion.paths import query
from stanchion.server.connection import Connection, find_tenant, require_deployed


@dataclass(frozen=True)
class Entry:
    """A node through which sessions enter, with the number of tenants that are at home there."""

    node: int
    host: str
    port: int
    is_coordinator: bool
    tenants: int

    @property
    def address(self) -> Node:
        """The address for clients."""
        return seen_from_here(Node(self.host, self.port))


def entries(conn: Connection) -> list[Entry]:
    """Return every node of the cluster, the coordinator first."""
    require_deployed(conn)
    if not is_cluster(conn):
        raise StanchionError("This database is not distributed, so every tenant is on this server.")
    return conn.cursor(row_factory=class_row(Entry)).execute(query("cluster", "entries")).fetchall()


def entry_of(conn: Connection, slug: str) -> Entry:
    """Return the node of a tenant."""
    known, tenant_id = entries(conn), find_tenant(conn, slug)
    node = conn.execute("select h.node from core.home_of(%s) as h", [tenant_id]).fetchone()
    if node is None:
        raise StanchionError(f"No node has the shard of {slug}; run: stanchion cluster status")
    return next(entry for entry in known if entry.node == node[0])


def home_or_here(conn: Connection, slug: str) -> Node | None:
    """Return the node of a tenant for clients; None when it is the server of this connection, as on plain Postgres."""
    node = home_of(conn, find_tenant(conn, slug))
    return seen_from_here(node) if node else None


def pgbouncer_name(database: str, entry: Entry) -> str:
    """Return the name of the entry of PgBouncer that leads to a node."""
    return database if entry.is_coordinator else f"{database}_n{entry.node}"


def pgbouncer(database: str, known: list[Entry]) -> Iterator[str]:
    """Yield the lines of a configuration of PgBouncer with one database per node."""
    yield "; One entry per node. core.home_of(tenant) returns the node N of a tenant, and its sessions connect to"
    yield f"; {database}_nN. Write this file again after cluster add-node. A move needs no new file: the tenant gets"
    yield "; another N, and sessions of the old entry are refused when they write."
    yield ";"
    yield "; Users: stanchion login add creates a login on every node with the same password. auth_file needs one line"
    yield "; per login. With auth_query, its user must exist on every node. pool_mode must be transaction or session."
    yield "[databases]"
    for entry in known:
        address = entry.address
        yield f"{pgbouncer_name(database, entry)} = host={address.host} port={address.port} dbname={database}"

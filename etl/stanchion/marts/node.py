"""The server of the marts: the server of their sources, or on a cluster one plain Postgres with a mirror of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from stanchion.cluster.mirror_source import entry_of
from stanchion.cluster.mirror_tables import PREFIX
from stanchion.cluster.nodes import alone, has_citus
from stanchion.server.connection import Connection, connect
from stanchion.server.locate import Server, reach

VARIABLE = "STANCHION_MARTS_DSN"


@dataclass(frozen=True)
class MartsNode:
    """The server of the marts, and the operator's connection to it."""

    server: Server
    conn: Connection
    prefix: str  # of the schemas of the sources there: mirror_ when they are a mirror
    is_elsewhere: bool  # a server of its own


def marts_server(server: Server, marts_dsn: str | None = None) -> Server:
    """Return the server of the marts: of `marts_dsn`, else of STANCHION_MARTS_DSN, else the given server."""
    source = "--marts-dsn" if marts_dsn is not None else VARIABLE
    dsn = marts_dsn if marts_dsn is not None else os.environ.get(VARIABLE)
    return reach(dsn, source, remedy=f"correct {source}") if dsn else server


@contextmanager
def open_marts_node(server: Server, conn: Connection, marts_dsn: str | None = None) -> Iterator[MartsNode]:
    """Open the server of the marts. `conn` is the operator's connection to the server of the sources."""
    marts = marts_server(server, marts_dsn)
    if marts is server:
        if has_citus(conn):
            alone(conn)
        yield MartsNode(server, conn, PREFIX if entry_of(conn) else "", is_elsewhere=False)
        return
    with connect(marts) as there:
        yield MartsNode(marts, there, PREFIX, is_elsewhere=True)

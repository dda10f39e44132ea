"""Calls of one tenant on plain Postgres, through its node of a cluster, and through the coordinator, in turns.

All databases are scratch databases on the servers of the cluster, which are dropped at the end: one that is not
distributed, on the coordinator, and two over all nodes, for the two ways in which sessions enter.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from psycopg import sql

from stanchion.cluster.home import at, home_of, is_cluster
from stanchion.cluster.nodes import Node, connect_to, workers
from stanchion.cluster.run import Target, run
from stanchion.dev.bench.compare import Alternative, Result, compare
from stanchion.dev.bench.load import find_pgbench
from stanchion.dev.bench.scratch import Scratch, scratch_database
from stanchion.errors import StanchionError
from stanchion.progress import Report
from stanchion.server.connection import Connection, connect, value
from stanchion.server.locate import Server

SHARDS_PER_NODE = 2
BAR = 0.85  # least ratio of the calls through the node of a tenant to the same calls on plain Postgres
SCRIPTS = {"claim a key": "cluster_claim", "append an event": "cluster_append", "read a row": "cluster_read"}


def measure(server: Server, *, seconds: float, rounds: int, clients: int, report: Report) -> list[Result]:
    """Measure claims, appends and point reads on the servers of the cluster of this database."""
    pgbench = find_pgbench(server.embedded)
    with connect(server) as conn:
        coordinator, nodes = _nodes(conn)
    with ExitStack() as stack:
        report("preparing three scratch databases")
        plain = stack.enter_context(scratch_database(server))
        plain = _with_item(plain, plain.conn)
        by_node, by_coordinator = (
            stack.enter_context(
                _distributed(server, Target(nodes, coordinator, SHARDS_PER_NODE * len(nodes), entry), report)
            )
            for entry in ("node", "coordinator")
        )
        results = []
        for what, script in SCRIPTS.items():
            alternatives = [
                Alternative(f"{what}, plain", script, plain),
                Alternative(f"{what}, through the tenant's node", script, by_node, bar=BAR),
                Alternative(f"{what}, through the coordinator", script, by_coordinator),
            ]
            results += compare(pgbench, alternatives, clients=clients, seconds=seconds, rounds=rounds, report=report)
        return results


def _nodes(conn: Connection) -> tuple[Node, tuple[Node, ...]]:
    """Return the coordinator and the other nodes of the cluster that this database is distributed over."""
    if not is_cluster(conn):
        raise StanchionError("This database is not distributed over a cluster; give the --dsn of its coordinator.")
    host, _, port = str(value(conn, "select coordinator from core.cluster")).rpartition(":")
    return Node(host, int(port)), tuple(workers(conn))


@contextmanager
def _distributed(server: Server, target: Target, report: Report) -> Iterator[Scratch]:
    """Create a scratch database over all nodes, and drop it on each of them."""
    names: list[str] = []
    try:
        with scratch_database(server) as scratch:
            names.append(scratch.conn.info.dbname)
            run(scratch.server, scratch.conn, target, lambda _: None)
            report(f"distributed over {len(target.workers)} nodes, sessions enter at the {target.entry}")
            with connect(scratch.server) as conn:  # a session that began before the nodes were added is of no node
                home = home_of(conn, scratch.tenant)  # None when it is the coordinator
                address = _address(at(scratch.server, home) if home else scratch.server)
                yield replace(_with_item(scratch, conn), environment=scratch.environment | address)
    finally:  # last, because the scratch database ends sessions of its login on every node
        for name in names:
            for node in target.workers:
                with connect_to(server, node, "postgres") as there:
                    there.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def _address(server: Server) -> dict[str, str]:
    """Return the variables of libpq that lead to a server, without its login."""
    return {name: text for name, text in server.environment().items() if name in ("PGHOST", "PGPORT", "PGHOSTADDR")}


def _with_item(scratch: Scratch, conn: Connection) -> Scratch:
    """Insert the row that the point reads find, and define it for the scripts."""
    (item,) = conn.execute(
        "insert into stock.item (tenant_id, name, price, received, available) values (%s, 'Chair', 9.5, 1, 1) "
        "returning item_id",
        [scratch.tenant],
    ).fetchone() or (None,)
    return replace(scratch, define={"tenant": scratch.tenant, "item": str(item)})

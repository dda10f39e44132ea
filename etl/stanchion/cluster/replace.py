"""`cluster replace-node`: let another server with the files of a node take its place."""

from __future__ import annotations

import time

from stanchion.cluster.nodes import Node, connect_to, has_citus, same_session, state_of
from stanchion.cluster.run import check_server
from stanchion.cluster.steps import Steps, cluster_lock
from stanchion.errors import StanchionError
from stanchion.paths import query
from stanchion.progress import Report
from stanchion.server.connection import Connection, require_deployed, value
from stanchion.server.locate import Server

_PATIENCE = 90.0  # seconds; the daemon looks every minute at the latest


def replace_node(server: Server, conn: Connection, old: Node, new: Node, report: Report) -> int:
    """Replace the address of a node. Return the number of steps that changed something.

    The new server is a promoted standby of the node, or the node itself at another address. The old one need not
    answer. An interrupted command is repeated.
    """
    require_deployed(conn)
    with cluster_lock(conn, report):
        if state_of(conn) != "distributed":
            raise StanchionError("The database is not distributed; run: stanchion cluster run --workers ...")
        steps = Steps(conn, "replace-node", report)
        same_session(conn)
        groups = {Node(host, port): group for group, host, port in conn.execute(query("cluster", "groups")).fetchall()}
        if old in groups and new in groups:
            raise StanchionError(f"{new} is another node of the cluster; name a server with a copy of {old}.")
        if new not in groups:
            if old not in groups:
                known = ", ".join(sorted(map(str, groups)))
                raise StanchionError(f"{old} is not a node of the cluster; its nodes are {known}.")
            _require_copy(server, conn, new, old, groups[old])
            with steps.step("node", f"{old} -> {new}"):
                place = {"group_id": groups[old], "host": new.host, "port": new.port}
                conn.execute(query("cluster", "set_address" if groups[old] else "set_coordinator"), place)
        if value(conn, query("cluster", "names_address"), {"address": str(old)}):
            with steps.step("address", str(new)):
                conn.execute(query("cluster", "rename_address"), {"old": str(old), "new": str(new)})
        conn.execute("select recover_prepared_transactions()")
        _wait_for_metadata(conn)
        return steps.changed


def _wait_for_metadata(conn: Connection) -> None:
    """Wait until the maintenance daemon of Citus has sent the address to every node.

    The functions of Citus that send it at once create the functions of every node again, with rights for everyone.
    """
    until = time.monotonic() + _PATIENCE
    while names := conn.execute(query("cluster", "inactive_nodes")).fetchall():
        if time.monotonic() > until:
            host, port = names[0]
            raise StanchionError(
                f"{host}:{port} has not got the new address after {_PATIENCE:.0f} s; stanchion cluster status "
                "prints its problems. Run this command again when the node answers."
            )
        time.sleep(0.2)


def _require_copy(server: Server, conn: Connection, new: Node, old: Node, group: int) -> None:
    """Refuse a server that is a standby, or that has not the files of the node."""
    with connect_to(server, new) as there:
        if value(there, "select pg_is_in_recovery()"):
            raise StanchionError(f"{new} is still a standby; promote it, then run this command again.")
        found = value(there, query("cluster", "own_group")) if has_citus(there) else None
        if found != group:
            raise StanchionError(
                f"{new} is not a copy of {old}: it has the files of "
                + ("no node of a cluster." if found is None else f"the node in group {found}, expected {group}.")
            )
    check_server(server, conn, new)

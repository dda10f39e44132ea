"""Distribute the objects that a deploy added, at the end of each deploy on a cluster."""

from __future__ import annotations

from stanchion.cluster.distribute import distribute
from stanchion.cluster.nodes import state_of
from stanchion.cluster.plan import make_plan
from stanchion.cluster.steps import Steps
from stanchion.deploy import catalog
from stanchion.errors import StanchionError
from stanchion.progress import Report
from stanchion.server.connection import Connection, value
from stanchion.server.locate import Server


def spread(server: Server, conn: Connection, report: Report) -> int:
    """Distribute the objects that a deploy added, on a cluster. Return the number of steps that changed something."""
    if state_of(conn) != "distributed":
        return 0
    plan = make_plan(conn, value(conn, "select shards from core.cluster"))
    if plan.faults:
        lines = "\n  ".join(f"{name} {problem}" for name, problem in plan.faults)
        raise StanchionError(f"Deployed here, but not on the nodes:\n  {lines}\nCorrect this and deploy again.")
    steps = Steps(conn, "deploy", report)
    distribute(server, conn, steps, plan)
    if steps.changed:
        catalog.record(conn)
    return steps.changed

"""Functions on a cluster plan every statement at each execution.

With Citus 14.0.1, each execution of a generic plan of a statement on a distributed table plans the statement of the
shard again, and keeps this plan in the memory of the session, 25 to 50 kB each time. A session of a pooler would grow
until the machine has no memory left. So `plan_cache_mode` is force_custom_plan in the database, and functions that have
a mode of their own get it here. `cluster undo` restores their modes, which core.cluster_step contains.
"""

from __future__ import annotations

from stanchion.cluster.steps import Steps
from stanchion.paths import query
from stanchion.server.connection import Connection


def plan_each_execution(conn: Connection, steps: Steps) -> None:
    """Let every function plan its statements at each execution."""
    for name, mode in conn.execute(query("cluster", "plan_modes")).fetchall():
        with steps.step("plans", f"{name}: {mode}"):
            _set_mode(conn, name, "force_custom_plan")


def restore_modes(conn: Connection, steps: Steps) -> None:
    """Give each function the mode that it had before."""
    for name, mode in conn.execute(query("cluster", "former_plan_modes")).fetchall():
        with steps.step("plans as before", f"{name}: {mode}"):
            _set_mode(conn, name, mode)


def _set_mode(conn: Connection, function: str, mode: str) -> None:
    conn.execute(f"alter function {function} set plan_cache_mode = {mode}".encode())

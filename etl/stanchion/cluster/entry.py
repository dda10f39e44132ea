"""Another entry for the sessions of all tenants: the node of each tenant, or the coordinator."""

from __future__ import annotations

from contextlib import ExitStack

from stanchion.cluster.home import connect_to, server_of
from stanchion.cluster.move import all_shards
from stanchion.cluster.nodes import Node, workers
from stanchion.cluster.positions import next_numbers, repair
from stanchion.cluster.steps import Steps
from stanchion.server.connection import Connection


def change_entry(conn: Connection, steps: Steps, entry: str, coordinator: Node) -> None:
    """Change the entry, and repair the positions of all tenants in the same transaction: they get another home.

    The locks on every node wait for the transactions that core.tenant_to_write has checked. They are kept until after
    the commit, so a session that waits for them is refused.
    """
    shards = all_shards(conn)
    locked = [shard.shard_id for shard in shards]
    lock = "select lock_shard_metadata(7, %s)"  # ExclusiveLock
    with ExitStack() as stack:
        for node in workers(conn):
            there = stack.enter_context(connect_to(server_of(conn), node))
            stack.enter_context(there.transaction())
            there.execute(lock, [locked])
        with steps.step("entry", entry):
            conn.execute(lock, [locked])
            conn.execute("update core.cluster set entry = %s", [entry])
            for shard in shards:
                coming = next_numbers(conn, coordinator if entry == "coordinator" else shard.node)
                for tenant_id, _ in shard.tenants:
                    repair(conn, tenant_id, coming)

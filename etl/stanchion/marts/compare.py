"""Compare the marts whose sources change without a load, without starting dbt."""

from __future__ import annotations

import time

import psycopg

from stanchion.marts.dbt import Node
from stanchion.paths import query
from stanchion.server.connection import connect
from stanchion.server.locate import Server


def unchanged(server: Server, tested: dict[str, int]) -> list[Node]:
    """Return a node for each of these marts if all of them equal their sources, else an empty list: dbt has to build.

    The last build stored the queries. They run with the rights of the builder, in the window that dbt would open.
    """
    nodes = []
    try:
        with connect(server) as conn:
            conn.execute("set role stanchion_builder")
            for model, changes, comparison in conn.execute(query("marts", "comparisons").encode()).fetchall():
                started = time.monotonic()
                with conn.transaction():
                    conn.execute("set transaction isolation level repeatable read, read only")
                    window = {"model": model, "changes": changes, "horizon": tested[changes]}
                    conn.execute(query("marts", "open_window").encode(), window)
                    (is_different,) = conn.execute(comparison.encode()).fetchone() or (True,)
                if is_different:
                    return []
                nodes.append(Node(model, "model", "unchanged", time.monotonic() - started, None, ""))
    except psycopg.Error:  # dbt reports the mart and the line
        return []
    return nodes

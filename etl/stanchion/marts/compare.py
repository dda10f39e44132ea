"""Compare the marts whose sources change without a load, without starting dbt.

The queries are kept in a file beside dbt's output, and not in the database: a login of the builder could replace them
there, and an operator would execute its text.
"""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Any

import psycopg

from stanchion.marts.dbt import Node
from stanchion.marts.models import tables
from stanchion.marts.project import target
from stanchion.paths import query
from stanchion.replacing import replacing
from stanchion.server.connection import connect
from stanchion.server.locate import Server

_FILE = "comparisons.json"


def read_comparison(event: Any) -> tuple[str, str] | None:
    """Return a mart and its query if the event of dbt contains them."""
    if event.info.name != "JinjaLogDebug" or not event.data.msg.startswith('{"comparison of": '):
        return None
    found = json.loads(event.data.msg)
    return found["comparison of"], found["query"]


def keep(server: Server, prefix: str, project: str, queries: dict[str, str]) -> None:
    """Write the queries of this version of the project, if there is one for each of these marts."""
    if {model.name for model in tables() if model.is_always_compared} <= queries.keys():
        # without the file, the next build starts dbt
        with contextlib.suppress(OSError), replacing(target(server, prefix) / _FILE) as file:
            file.write_text(json.dumps({"project": project, "queries": queries}), encoding="utf-8")


def unchanged(server: Server, prefix: str, project: str, tested: dict[str, int]) -> list[Node]:
    """Return a node for each of these marts if all of them equal their sources, else an empty list: dbt has to build.

    The queries run with the rights of the builder, in the window that dbt would open.
    """
    queries = _kept(target(server, prefix), project)
    nodes = []
    try:
        with connect(server) as conn:
            conn.execute("set role stanchion_builder")
            for model in (each for each in tables() if each.is_always_compared):
                if model.name not in queries:
                    return []
                started = time.monotonic()
                with conn.transaction():
                    conn.execute("set transaction isolation level repeatable read, read only")
                    window = {"model": model.name, "changes": model.changes, "horizon": tested[model.changes]}
                    conn.execute(query("marts", "open_window").encode(), window)
                    (is_different,) = conn.execute(queries[model.name].encode()).fetchone() or (True,)
                if is_different:
                    return []
                nodes.append(Node(model.name, "model", "unchanged", time.monotonic() - started, None, ""))
    except psycopg.Error:  # dbt reports the mart and the line
        return []
    return nodes


def _kept(folder: Path, project: str) -> dict[str, str]:
    """Return the queries of this version of the project, or none when they were not kept."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        if found["project"] == project:
            return dict(found["queries"])
    return {}

"""`cluster status`: the tenants and shards of each node, the moves of shards, and the problems."""

from __future__ import annotations

import contextlib
from dataclasses import asdict, dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

from stanchion.cluster.freshness import Freshness, examine_mirror, read_freshness
from stanchion.cluster.nodes import has_citus
from stanchion.cluster.problems import examine_nodes
from stanchion.errors import StanchionError
from stanchion.ops.check import Check
from stanchion.paths import query
from stanchion.server.connection import Connection, require_deployed
from stanchion.server.locate import Server

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Status:
    """The facts of a cluster, and its checks."""

    state: dict[str, Any]
    nodes: Rows
    tables: Rows
    moves: Rows
    mirror: Freshness | None  # None when the mirror cannot be read
    checks: list[Check]

    @property
    def problems(self) -> list[str]:
        """Return one line for each alert: the problem and its remedy."""
        return [f"{alert.problem} {alert.remedy}" for check in self.checks for alert in check.alerts]

    def summary(self) -> str:
        """Return the state in one sentence."""
        state = self.state
        return (
            f"{state['state']} over {len(self.nodes)} nodes with {state['shards']} shards; the coordinator is "
            f"{state['coordinator']}; tenants enter at the {state['entry']}."
        )

    def sections(self) -> list[tuple[str, Rows]]:
        """Return the parts of the status as headings and rows of a table."""
        return [
            ("Nodes", self.nodes),
            ("Tables by class", self.tables),
            ("Moves of shards", self.moves),
            ("Mirror of the marts", [asdict(self.mirror)] if self.mirror else []),
            (
                "Checks",
                [
                    {"check": each.promise, "result": f"{len(each.alerts)} wrong" if each.alerts else "ok"}
                    for each in self.checks
                ],
            ),
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return the status as JSON shows it."""
        return self.state | {
            "nodes": self.nodes,
            "tables": self.tables,
            "moves": self.moves,
            "mirror": asdict(self.mirror) if self.mirror else None,
            "checks": [check.as_dict() for check in self.checks],
        }


def read_status(server: Server, conn: Connection) -> Status:
    """Return the status of the cluster. Raise StanchionError on plain Postgres."""
    require_deployed(conn)
    cursor = conn.cursor(row_factory=dict_row)
    state = cursor.execute(
        "select state, entry, shards, coordinator, began_at, completed_at from core.cluster"
    ).fetchone()
    if state is None:
        raise StanchionError("The database is not distributed; run: stanchion cluster run --workers ...")
    nodes, tables, moves = (
        (cursor.execute(query("cluster", name)).fetchall() for name in ("nodes", "tables_by_class", "moves"))
        if has_citus(conn)
        else ([], [], [])
    )
    mirror = None
    with contextlib.suppress(StanchionError, psycopg.Error):  # examine_mirror reports it
        mirror = read_freshness(server, conn)
    checks = [*examine_nodes(server, conn), *examine_mirror(server, conn)]
    return Status(state, nodes, tables, moves, mirror, checks)

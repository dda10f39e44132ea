"""The plan of a build: the marts that it would compute, for which tenants, and why. Nothing is written."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from psycopg.rows import dict_row

from stanchion.errors import StanchionError
from stanchion.marts.horizon import RunningLoad, running_loads
from stanchion.marts.models import Model, tables
from stanchion.marts.node import open_marts_node
from stanchion.marts.project import checksum
from stanchion.marts.run import as_builder, has_views, require_builder
from stanchion.paths import query
from stanchion.server.connection import Connection, connect, find_tenant
from stanchion.server.locate import Server


@dataclass(frozen=True)
class Planned:
    """The rows of one tenant that a mart would get."""

    mart: str
    tenant: str
    reason: str  # new loads, new orders, new tenant, new mart or full refresh
    games: int | None
    items: int | None
    loads: list[int]


@dataclass(frozen=True)
class Plan:
    """The work of a build at this time."""

    planned: list[Planned]
    compared: list[str]  # marts whose sources change without a load: computed, and written where they differ
    is_project_changed: bool  # the views are made again
    unscored: list[dict[str, Any]]
    held_back_by: list[RunningLoad]

    def facts(self) -> dict[str, Any]:
        return asdict(self)


def plan(
    server: Server, marts: Iterable[str], *, full_refresh: bool, tenant: str | None, marts_dsn: str | None
) -> Plan:
    """Return the plan of a build of these marts (default: all)."""
    reading = replace(server, read_only=True)
    models = _chosen(list(marts))
    with connect(reading) as conn, open_marts_node(reading, conn, marts_dsn) as node:
        require_builder(conn)
        require_builder(node.conn)
        if tenant:
            find_tenant(conn, tenant)
        ((loads, purchases),) = as_builder(conn, query("marts", "horizons"))
        horizons = {"loads": loads, "purchases": purchases}
        positions = dict(as_builder(node.conn, query("marts", "positions")))
        changes: dict[tuple[str, int], list[dict[str, Any]]] = {}
        planned = []
        for model in models:
            low = -1 if full_refresh else positions.get(model.name, -1)
            key = (model.changes, low)
            if key not in changes:
                name = {"loads": "planned_games", "purchases": "planned_items"}[model.changes]
                changes[key] = _rows(conn, query("marts", name), {"low": low, "high": horizons[model.changes]})
            for row in changes[key]:
                if tenant in (None, row["tenant"]):
                    planned.append(_planned(model, row, model.name not in positions, full_refresh))
        return Plan(
            planned,
            [model.name for model in models if model.is_always_compared],
            not has_views(node.conn, checksum(node.prefix)),
            [row for row in _rows(conn, query("marts", "unscored"), {}) if tenant in (None, row["tenant"])],
            running_loads(reading, conn),
        )


def _chosen(names: list[str]) -> list[Model]:
    known = {model.name.partition(".")[2]: model for model in tables()}
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 3)
            raise StanchionError(
                f"'{name}' is not a mart with rows of its own; --plan expects names without the operators of dbt"
                + (f": did you mean {' or '.join(near)}?" if near else ".")
            )
    return [known[name] for name in names] or list(known.values())


def _planned(model: Model, row: dict[str, Any], is_new_mart: bool, full_refresh: bool) -> Planned:
    reason = "new loads" if model.changes == "loads" else "new orders"
    if full_refresh:
        reason = "full refresh"
    elif is_new_mart:
        reason = "new mart"
    elif row["is_new"]:
        reason = "new tenant"
    games = row.get("games") if model.is_of_games else None
    return Planned(model.name, row["tenant"], reason, games, row.get("items"), row.get("loads") or [])


def _rows(conn: Connection, statement: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    with conn.transaction():
        conn.execute("set local role stanchion_builder")
        return conn.cursor(row_factory=dict_row).execute(statement.encode(), parameters).fetchall()

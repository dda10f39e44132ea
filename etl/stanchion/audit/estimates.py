"""Attempts of an analyst to learn values of other tenants from EXPLAIN.

Two things could depend on rows that the analyst cannot read: the estimates of the planner, which come from statistics
of all tenants, and the number of pages read, when a policy is evaluated only for the rows that pass other conditions.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
from psycopg import sql

from stanchion.audit.attacks import Attacker
from stanchion.audit.findings import AuditResult
from stanchion.audit.seed import Table, Victim
from stanchion.server.connection import Connection

# values below and above every other value of a type
_BOUNDS = {
    "uuid": ("00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    "text": ("", "\U0010ffff"),
    "date": ("-infinity", "infinity"),
    "timestamp with time zone": ("-infinity", "infinity"),
    "smallint": ("-32768", "32767"),
    "integer": ("-2147483648", "2147483647"),
    "bigint": ("-9223372036854775808", "9223372036854775807"),
    "numeric": ("-infinity", "infinity"),
    "double precision": ("-infinity", "infinity"),
}
# With pruning, the plan for a value depends on the bounds of partitions, which contain no data.
_NO_PRUNING = {"enable_partition_pruning": "off", "constraint_exclusion": "off"}
_ONE_PLACE = {"enable_seqscan": "off"}  # reads the page of a row, not the whole table
_Estimate = tuple[float, float]


def estimate(result: AuditResult, attacker: Attacker, statement: Any) -> _Estimate | None:
    """Return the rows and the cost that the planner estimates for a statement, or None when it is refused."""
    plan = _explain(result, attacker, sql.SQL("explain (format json) {}").format(statement))
    return (plan["Plan Rows"], plan["Total Cost"]) if plan else None


def compare_estimates(result: AuditResult, attacker: Attacker, tables: list[Table], own: Victim) -> None:
    """Add a finding for each table with columns whose value changes an estimate.

    Without statistics the planner estimates the same number of rows for every value. With statistics, the analyst can
    search for a value: 128 statements find a uuid.
    """
    snoop = replace(attacker, settings=attacker.settings | _NO_PRUNING)
    for table in tables:
        shown = []
        for column in table.columns:
            for conditions in _conditions(column, own.rows.get(table.name, {})):
                found = {estimate(result, snoop, _rows_with(table, each)) for each in conditions}
                if len(found - {None}) > 1 and column["name"] not in shown:
                    shown.append(column["name"])
        if shown:
            result.add(
                attacker.name,
                table.name,
                f"shows statistics of all tenants to {attacker.name} in EXPLAIN: {', '.join(shown)}",
                remedy=f"run: select core.hide_statistics('{table.name}')",
            )


def _conditions(column: dict[str, Any], own: dict[str, Any]) -> Iterator[list[sql.Composable]]:
    """Yield lists of conditions for which the planner estimates the same number of rows, unless it has statistics."""
    name = sql.Identifier(column["name"])
    if column["type"] == "boolean":
        yield [name, sql.SQL("not {}").format(name)]
    if column["type"] not in _BOUNDS:
        return
    low, high = _BOUNDS[column["type"]]
    for operator, values in (("<", [low, high]), ("=", [low, own.get(column["name"])])):
        yield [
            sql.SQL("{} {} {}::{}").format(name, sql.SQL(operator), sql.Literal(str(v)), sql.SQL(column["type"]))
            for v in values
            if v is not None
        ]


def _rows_with(table: Table, condition: sql.Composable) -> sql.Composed:
    return sql.SQL("select 1 from {} where {}").format(table.identifier, condition)


def compare_pages(
    result: AuditResult, attacker: Attacker, conn: Connection, tables: list[Table], victim: Victim
) -> None:
    """Add a finding for each table whose number of pages read depends on a value of another tenant.

    `conn` is a connection that may read all rows. It returns the place of a row of the victim. Only this place is read,
    once with the condition that the row belongs to the victim, and once with a tenant that does not exist.
    """
    snoop = replace(attacker, settings=attacker.settings | _ONE_PLACE)
    nobody = sql.Literal(_BOUNDS["uuid"][0])
    for table in tables:
        place = conn.execute(
            sql.SQL("select ctid::text from {} where tenant_id = %s limit 1").format(table.identifier),
            [victim.tenant_id],
        ).fetchone()
        if place is None:
            continue
        condition = sql.SQL("ctid = {} and tenant_id = {}").format
        counts = [
            pages(result, snoop, _rows_with(table, condition(sql.Literal(place[0]), tenant)))
            for tenant in (nobody, sql.Literal(victim.tenant_id))
        ]
        if counts[0] != counts[1]:
            result.add(
                attacker.name,
                table.name,
                f"reads {counts[1]} pages instead of {counts[0]} where a row belongs to another tenant, "
                f"which {attacker.name} sees in EXPLAIN (ANALYZE, BUFFERS)",
            )


def pages(result: AuditResult, attacker: Attacker, statement: Any) -> int | None:
    """Return the number of pages that a statement reads, or None when it is refused."""
    explain = sql.SQL("explain (analyze, buffers, timing off, format json) {}").format(statement)
    _explain(result, attacker, explain)  # the first execution in a session reads the catalogs too
    plan = _explain(result, attacker, explain)
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] if plan else None


def _explain(result: AuditResult, attacker: Attacker, statement: Any) -> dict[str, Any] | None:
    result.attempts += 1
    try:
        with attacker.attempt():
            row = attacker.conn.execute(statement).fetchone()
    except psycopg.Error:
        return None
    plan: dict[str, Any] = row[0][0]["Plan"] if row else {}
    return plan

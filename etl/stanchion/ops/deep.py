"""doctor --deep: read every table and index with amcheck, and report the damaged ones."""

import time

import psycopg

from stanchion.ops.check import Alert, Check
from stanchion.paths import query
from stanchion.progress import Report
from stanchion.server.connection import Connection, value

_PROMISE = "No table or index is damaged (amcheck reads all of them)."
_SECONDS_BETWEEN_REPORTS = 5


def examine_deep(conn: Connection, report: Report) -> Check:
    """Check each table and B-tree index in a transaction of its own, which blocks neither reads nor writes."""
    schema = value(conn, query("ops", "amcheck_schema"))
    if schema is None:
        remedy = "As a superuser, run: create extension amcheck; and connect as a login that may execute its functions."
        return Check(_PROMISE, [Alert("Damage cannot be found: amcheck is missing or not permitted.", remedy)])
    relations = conn.execute(query("ops", "relations_to_check"), {"amcheck": schema}).fetchall()
    alerts, reported = [], time.monotonic()
    for done, (name, kind, statement) in enumerate(relations):
        if time.monotonic() - reported > _SECONDS_BETWEEN_REPORTS:
            reported = time.monotonic()
            report(f"checked {done} of {len(relations)} tables and indexes")
        if damage := _damage(conn, statement):
            remedy = f"Run: reindex {kind} concurrently {name}" if kind == "index" else "Restore it from a backup."
            alerts.append(Alert(f"The {kind} {name} is damaged: {damage}.", remedy))
    return Check(_PROMISE, alerts)


def _damage(conn: Connection, statement: str) -> str | None:
    """Return the first problem that the statement finds, or None."""
    try:
        found = value(conn, statement)
        return found and str(found)
    except psycopg.errors.UndefinedTable:  # dropped in the meantime
        return None
    except (psycopg.errors.DataCorrupted, psycopg.errors.IndexCorrupted) as e:
        return e.diag.message_primary

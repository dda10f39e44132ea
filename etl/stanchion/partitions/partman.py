"""Tables whose partitions pg_partman makes: it makes them ahead, Stanchion hides and expires them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from psycopg import RawCursor, errors, sql

from stanchion.errors import StanchionError
from stanchion.partitions.step import PartitionResult, Waits, as_owner, with_lock_retries
from stanchion.paths import query
from stanchion.server.connection import Connection, is_deployed, value
from stanchion.server.locks import RetryPolicy


def maintain(conn: Connection, locks: RetryPolicy) -> Iterator[PartitionResult]:
    """Let pg_partman make its partitions, hide them, and yield those that it made and those still missing.

    The retention of pg_partman is switched off, since it drops partitions under a lock that blocks all other sessions.
    """
    schema = _schema(conn)
    if not schema:
        conn.execute("update core.partition_set set made_by = 'stanchion' where made_by = 'pg_partman'")
        return
    maintenance = _maintenance(schema)
    for relation in _configure(conn, schema):
        before = set(_days(conn, relation))
        reasons = []
        for work in (lambda name=relation: conn.execute(maintenance, [name]), lambda name=relation: _hide(conn, name)):
            try:
                with conn.transaction():
                    conn.execute("select set_config('lock_timeout', %s, true)", [locks.lock_timeout_setting])
                    work()
            except errors.Error as e:
                if conn.broken:
                    raise
                reasons.append(f"pg_partman: {e.diag.message_primary}")
        results = [
            PartitionResult(relation, day, "made", "by pg_partman")
            for day in sorted(set(_days(conn, relation)) - before)
        ]
        reason = "; ".join(reasons) or "pg_partman did not make it"
        results += [PartitionResult(relation, day, "failed", reason) for day in _missing(conn, relation)]
        if reasons and not any(result.outcome == "failed" for result in results):
            results.append(PartitionResult(relation, None, "failed", reason))
        yield from results


def list_tables(conn: Connection) -> list[dict[str, Any]]:
    """Return the tables in the configuration of pg_partman. Its columns differ between versions 4 and 5."""
    schema = _require_schema(conn)
    settings = ("control", "partition_interval", "premake", "retention", "automatic_maintenance")
    statement = sql.SQL("select parent_table, to_jsonb(c) from {}.part_config as c order by parent_table").format(
        schema
    )
    rows = conn.execute(statement).fetchall()
    known = _of_stanchion(conn)
    return [
        {"table": table}
        | {name: config.get(name) for name in settings}
        | {"partitions": len(_children(conn, table)), "expired_by": "stanchion" if table in known else "pg_partman"}
        for table, config in rows
    ]


def run_maintenance(conn: Connection, table: str | None, on_table: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    """Run pg_partman's maintenance for one table, or for each one with automatic maintenance, and yield each result."""
    configured = {each["table"]: each for each in list_tables(conn)}
    if table is not None and table not in configured:
        known = ", ".join(configured) or "none"
        raise StanchionError(f"pg_partman does not manage {table}; the tables in its part_config: {known}.")
    maintenance, waits = _maintenance(_require_schema(conn)), Waits()
    automatic = [name for name, each in configured.items() if each["automatic_maintenance"] == "on"]
    for name in [table] if table is not None else automatic:
        result: dict[str, Any] = {"table": name, "made": [], "dropped": [], "left_to": None, "error": None}
        if configured[name]["expired_by"] == "stanchion":
            yield result | {"left_to": "stanchion"}
            continue
        on_table(name)
        before = _children(conn, name)
        try:
            with_lock_retries(conn, waits, lambda name=name: conn.execute(maintenance, [name]))  # type: ignore[misc]
        except errors.Error as e:
            if conn.broken:
                raise
            result["error"] = e.diag.message_primary or str(e)
        after = _children(conn, name)
        yield result | {"made": sorted(after - before), "dropped": sorted(before - after)}


def _children(conn: Connection, table: str) -> set[str]:
    rows = conn.execute("select inhrelid::regclass::text from pg_inherits where inhparent = to_regclass(%s)", [table])
    return {name for (name,) in rows.fetchall()}


def _of_stanchion(conn: Connection) -> set[str]:
    """Return the tables of core.partition_set, none where Stanchion is not deployed."""
    if not is_deployed(conn):
        return set()
    with as_owner(conn):
        return {name for (name,) in conn.execute("select relation from core.partition_set").fetchall()}


def _maintenance(schema: sql.Identifier) -> sql.Composed:
    return sql.SQL("select {}.run_maintenance(p_parent_table := %s, p_analyze := false)").format(schema)


def _schema(conn: Connection) -> sql.Identifier | None:
    """Return the schema of the extension, or None without the extension."""
    name = value(
        conn,
        "select n.nspname from pg_extension as e join pg_namespace as n on n.oid = e.extnamespace "
        "where e.extname = 'pg_partman'",
    )
    return sql.Identifier(name) if name else None


def _require_schema(conn: Connection) -> sql.Identifier:
    schema = _schema(conn)
    if not schema:
        raise StanchionError(
            "The extension pg_partman is not installed in this database; run: create extension pg_partman"
        )
    return schema


def _hide(conn: Connection, relation: str) -> None:
    """Give the partitions of a table to its owner and hide them. Their first owner is the role that ran pg_partman."""
    for (statement,) in RawCursor(conn).execute(query("partitions", "foreign_owner"), [relation]).fetchall():
        conn.execute(statement)
    conn.execute("set local role stanchion_owner")
    conn.execute("select core.hide_partitions(%s::regclass)", [relation])


def _configure(conn: Connection, schema: sql.Identifier) -> list[str]:
    """Return the tables that pg_partman manages, after configuring it for them.

    Its retention is switched off, and it makes partitions ahead even when no rows arrive.
    """
    config = sql.SQL("{}.part_config").format(schema)
    with conn.transaction():
        conn.execute(
            sql.SQL(
                """
                update core.partition_set as s set made_by = m.made_by
                from (
                    select relation, case when exists (select from {} as c where c.parent_table = relation)
                        then 'pg_partman' else 'stanchion' end as made_by
                    from core.partition_set
                ) as m
                where m.relation = s.relation and m.made_by <> s.made_by
                """
            ).format(config)
        )
        conn.execute(
            sql.SQL(
                """
                update {} as c set retention = null, infinite_time_partitions = true, inherit_privileges = false,
                    premake = greatest(c.premake, s.days_ahead)
                from core.partition_set as s
                where s.relation = c.parent_table
                """
            ).format(config)
        )
    rows = conn.execute("select relation from core.partition_set where made_by = 'pg_partman' order by 1").fetchall()
    return [relation for (relation,) in rows]


def _days(conn: Connection, relation: str) -> list[date]:
    rows = conn.execute("select day from core.partition where relation = %s and day is not null", [relation])
    return [day for (day,) in rows.fetchall()]


def _missing(conn: Connection, relation: str) -> list[date]:
    today = value(conn, "select core.utc_day(core.clock())")
    rows = RawCursor(conn).execute(query("partitions", "missing"), ["pg_partman"]).fetchall()
    return [day for name, day in rows if name == relation and day >= today]

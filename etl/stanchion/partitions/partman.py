"""Tables whose partitions pg_partman makes: it makes them ahead, Stanchion hides and expires them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from psycopg import RawCursor, errors, sql

from stanchion.partitions.step import PartitionResult
from stanchion.paths import query
from stanchion.server.connection import Connection, value
from stanchion.server.locks import RetryPolicy


def maintain(conn: Connection, locks: RetryPolicy) -> Iterator[PartitionResult]:
    """Let pg_partman make its partitions, hide them, and yield those that it made and those still missing.

    The retention of pg_partman is switched off, since it drops partitions under a lock that blocks all other sessions.
    """
    found = conn.execute(
        "select n.nspname from pg_extension as e join pg_namespace as n on n.oid = e.extnamespace "
        "where e.extname = 'pg_partman'"
    ).fetchone()
    if not found:
        conn.execute("update core.partition_set set made_by = 'stanchion' where made_by = 'pg_partman'")
        return
    schema = sql.Identifier(found[0])
    maintenance = sql.SQL("select {}.run_maintenance(p_parent_table := %s, p_analyze := false)").format(schema)
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

"""pg_partman, where a table is in its care already: it makes the days ahead, and we do the rest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from psycopg import RawCursor, errors, sql

from stanchion.paths import query
from stanchion.server.connection import Connection, value

Happened = tuple[str, date | None, str, str | None]


def maintain(conn: Connection, lock_seconds: float) -> Iterator[Happened]:
    """Let pg_partman make its days, hide them, and say which are still missing.

    Its own retention is switched off: it drops under a lock that everybody waits behind.
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
    for relation in _adopt(conn, schema):
        had = set(_days(conn, relation))
        reasons = []
        for work in (lambda name=relation: conn.execute(maintenance, [name]), lambda name=relation: _take(conn, name)):
            try:
                with conn.transaction():
                    conn.execute("select set_config('lock_timeout', %s, true)", [f"{lock_seconds * 1000:.0f}"])
                    work()
            except errors.Error as e:
                if conn.broken:
                    raise
                reasons.append(f"pg_partman: {e.diag.message_primary}")
        happened: list[Happened] = [
            (relation, day, "made", "by pg_partman") for day in sorted(set(_days(conn, relation)) - had)
        ]
        why = "; ".join(reasons) or "pg_partman did not make it"
        happened += [(relation, day, "failed", why) for day in _missing(conn, relation)]
        if reasons and not any(outcome == "failed" for _, _, outcome, _ in happened):
            happened.append((relation, None, "failed", why))
        for each in happened:
            conn.execute("select core.log_partition(%s, %s, %s, %s)", each)
            yield each


def _take(conn: Connection, relation: str) -> None:
    """Make its partitions ours and hide them: they belong to whoever runs its maintenance."""
    for (statement,) in RawCursor(conn).execute(query("partitions", "foreign_owner"), [relation]).fetchall():
        conn.execute(statement)
    conn.execute("set local role stanchion_owner")
    conn.execute("select core.hide_partitions(%s::regclass)", [relation])


def _adopt(conn: Connection, schema: sql.Identifier) -> list[str]:
    """The tables that are in its care, with its retention off and its days made whether rows come or not."""
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

"""Adoption of a plain table: it becomes the first partition of a partitioned table of the same name.

The constraint `stanchion_adopt` is the state of an adoption: it contains the bounds of the first partition. A killed
adoption leaves it behind, and the next call continues with its bounds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from psycopg import RawCursor, errors, sql

from stanchion.errors import StanchionError
from stanchion.partitions.step import Waits, as_owner, with_lock_retries
from stanchion.paths import query
from stanchion.server.connection import Connection
from stanchion.server.locks import RetryPolicy

WAITS = Waits(locks=RetryPolicy(lock_timeout=0.2, tries=20, pause=0.1))  # writers queue behind each attempt


@dataclass(frozen=True)
class Adoption:
    """A table to adopt, with the first day of its first partition and the day after the last one."""

    relation: str
    column: str
    period: str
    first: date
    until: date


def plan_adoption(conn: Connection, relation: str, column: str, period: str, days_ahead: int) -> Adoption:
    """Return the bounds of the first partition, or raise StanchionError with the reasons why it cannot be adopted."""
    with as_owner(conn):
        rows = conn.execute("select problem from core.adoption_problems(%s, %s)", [relation, column]).fetchall()
        if rows:
            raise StanchionError(f"{relation} cannot be adopted: {'; '.join(problem for (problem,) in rows)}.")
        if begun := _begun(conn, relation, column):
            return Adoption(relation, column, period, *begun)
        statement = sql.SQL(
            "select min({key})::timestamptz::text, max({key})::timestamptz::text, count(*) > count({key}) from {}"
        ).format(_table(relation), key=sql.Identifier(column))
        oldest, newest, has_null = conn.execute(statement).fetchone() or (None, None, None)
        bounds = [period, oldest, newest, days_ahead]
        first, until = RawCursor(conn).execute(query("partitions", "adoption_bounds"), bounds).fetchone() or (
            None,
            None,
        )
    if has_null:
        raise StanchionError(f"{column} of {relation} contains null, which no partition can contain.")
    if first is None or until is None:
        raise StanchionError(f"{column} of {relation} contains infinity, which no partition can contain.")
    return Adoption(relation, column, period, first, until)


def adopt(
    conn: Connection, planned: Adoption, days_ahead: int, days_kept: int | None, on_step: Callable[[str], None]
) -> None:
    """Adopt a table. Writers wait only while a constraint is added and while the tables are exchanged."""
    relation, table = planned.relation, _table(planned.relation)
    with as_owner(conn):
        if not _begun(conn, relation, planned.column):
            on_step("adding a constraint")
            bounds = sql.SQL(
                "alter table {} add constraint stanchion_adopt check ({key} is not null and "
                "{key} >= {} and {key} < {}) not valid"
            ).format(
                table,
                *(sql.Literal(f"{day} 00:00:00+00") for day in (planned.first, planned.until)),
                key=sql.Identifier(planned.column),
            )
            with_lock_retries(conn, WAITS, lambda: conn.execute(bounds))
        on_step("checking every row, beside readers and writers")
        try:
            conn.execute(sql.SQL("alter table {} validate constraint stanchion_adopt").format(table))
        except errors.CheckViolation as e:
            drop = sql.SQL("alter table {} drop constraint stanchion_adopt").format(table)
            with_lock_retries(conn, WAITS, lambda: conn.execute(drop))
            raise StanchionError(
                f"{relation} has rows outside {planned.first} to {planned.until}, which were written since the command "
                "began, or which a policy hides. Nothing was changed; run the command again."
            ) from e
        on_step("exchanging the tables")
        with_lock_retries(conn, WAITS, lambda: _exchange(conn, planned, days_ahead, days_kept))


def _exchange(conn: Connection, planned: Adoption, days_ahead: int, days_kept: int | None) -> None:
    with conn.transaction():
        conn.execute(
            "insert into core.partition_set (relation, span, days_ahead, days_kept) values (%s, %s, %s, %s) "
            "on conflict (relation) do nothing",
            [planned.relation, planned.period, days_ahead, days_kept],
        )
        conn.execute(
            "select core.adopt_table(%s, %s, %s, %s)",
            [planned.relation, planned.column, planned.first, planned.until],
        )
        conn.execute(
            "select core.ensure_partitions(%s::regclass, %s, greatest(%s, core.utc_day(core.clock()) + %s))",
            [planned.relation, planned.until, planned.until, days_ahead],
        )
        conn.execute("select core.log_partition(%s, %s, 'made', 'adopted')", [planned.relation, planned.first])


def _begun(conn: Connection, relation: str, column: str) -> tuple[date, date] | None:
    """Return the bounds of an adoption that was interrupted."""
    found = RawCursor(conn).execute(query("partitions", "adoption_begun"), [relation]).fetchone()
    if not found:
        return None
    text = found[0]
    if not re.search(rf"\W{re.escape(column)}\W", text):
        raise StanchionError(
            f"An adoption of {relation} by another column was interrupted. To begin again, run: "
            f"alter table {relation} drop constraint stanchion_adopt"
        )
    first, until = (date.fromisoformat(each) for each in re.findall(r"'(\d{4}-\d\d-\d\d)", text))
    return first, until


def _table(relation: str) -> sql.Identifier:
    return sql.Identifier(*relation.split("."))

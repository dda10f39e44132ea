"""Status of the partitioned tables, and its drawing: a line for each table with a cell for each day."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from psycopg.rows import dict_row

from stanchion.ops.check import Alert, run_check
from stanchion.partitions.count import LIMIT, count_rows
from stanchion.partitions.step import as_owner
from stanchion.paths import queries, query
from stanchion.server.connection import Connection, value

CELLS = {
    "filled": ("■", "green"),
    "empty": ("□", "green"),
    "kept": ("!", "yellow"),
    "due": ("×", "magenta"),
    "half-way": ("~", "red"),
    "missing": ("·", "red"),
}
LEGEND = {
    "filled": "filled",
    "empty": "empty",
    "kept": "due, kept by a guard or a legal hold",
    "due": "due: the next run drops it",
    "half-way": "half detached",
    "missing": "missing",
}


@dataclass(frozen=True)
class Day:
    """One day of a partitioned table. A partition of several days appears as several days."""

    day: date
    state: str
    bytes: int = 0
    first: date | None = None  # first and last day of the partition that contains this day
    last: date | None = None
    rows: int = 0
    exact: bool = True  # rows were counted, and are not an estimate
    step: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Detached:
    """The expired partitions of a table that are kept."""

    partitions: int
    bytes: int
    estimated_rows: int
    oldest: date


@dataclass(frozen=True)
class PartitionSet:
    """A partitioned table, and its days from the oldest to the last one that should exist."""

    relation: str
    is_there: bool  # the table exists
    days_ahead: int
    days_kept: int | None
    span: str  # length of a new partition: day, month or year
    keep_detached: bool  # an expired partition is kept in expired_parts
    guard: str | None
    hold: str | None
    made_by: str
    ran_at: datetime | None
    rows: int
    exact: bool
    bytes: int
    oldest: date | None
    newest: date | None
    days: list[Day] = field(default_factory=list)
    detached: Detached | None = None

    @property
    def gaps(self) -> list[date]:
        """Return the days without a partition."""
        return [day.day for day in self.days if day.state == "missing"]

    def ahead(self, today: date) -> int:
        """Return the number of days from tomorrow on that have a partition, up to the first gap."""
        there = {day.day for day in self.days if day.state in ("filled", "empty")}
        count = 0
        while today + timedelta(count + 1) in there:
            count += 1
        return count

    @property
    def next(self) -> list[Day]:
        """Return the first day of each partition for which the next run has a step."""
        return [day for day in self.days if day.step is not None and day.day == day.first]


@dataclass(frozen=True)
class Status:
    """The partitioned tables of a database, with the alerts of `stanchion doctor` about partitions."""

    today: date
    sets: list[PartitionSet]
    alerts: list[Alert]


def read_status(conn: Connection, limit: float = LIMIT, on_table: Callable[[str], None] = lambda _: None) -> Status:
    """Read the status of all partitioned tables in one snapshot, then count their rows.

    After `limit` seconds the rows of a table are estimated. `on_table` is called before a table is counted.
    """
    with as_owner(conn), conn.transaction():
        conn.execute("set transaction isolation level repeatable read")
        today = value(conn, "select core.utc_day(core.clock())")
        cursor = conn.cursor(row_factory=dict_row)
        kept: dict[str, Detached] = {}
        sets = cursor.execute(query("partitions", "sets")).fetchall()
        rows = cursor.execute(query("partitions", "days")).fetchall()
        for expired in cursor.execute(query("partitions", "expired_sets")).fetchall():
            relation = expired.pop("relation")
            kept[relation] = Detached(**expired)
        checks = [
            run_check(conn, text) for name, text in queries("ops/checks.sql").items() if name.startswith("partitions_")
        ]
    return Status(
        today,
        [
            _read_set(
                conn,
                row | {"detached": kept.get(row["relation"])},
                [day for day in rows if day["relation"] == row["relation"]],
                today,
                limit,
                on_table,
            )
            for row in sets
        ],
        [alert for check in checks for alert in check.alerts],
    )


def _read_set(
    conn: Connection,
    row: dict[str, Any],
    partitions: list[dict[str, Any]],
    today: date,
    limit: float,
    on_table: Callable[[str], None],
) -> PartitionSet:
    on_table(row["relation"])
    count_rows(conn, row["relation"], row.pop("key"), partitions, limit)
    return PartitionSet(
        rows=row.pop("odd_rows") + sum(each["rows"] for each in partitions),
        exact=not row.pop("has_odd") and all(each["exact"] for each in partitions),
        days=_days(row, partitions, today),
        **row,
    )


def _days(of_set: dict[str, Any], rows: list[dict[str, Any]], today: date) -> list[Day]:
    """Return every day from the oldest to the last one that should exist, including the missing ones."""
    there: dict[date, Day] = {}
    for row in rows:
        for offset in range((row["until"] - row["day"]).days):
            day = row["day"] + timedelta(offset)
            there[day] = Day(
                day,
                first=row["day"],
                last=row["until"] - timedelta(1),
                **{name: row[name] for name in ("state", "bytes", "rows", "exact", "step", "reason")},
            )
    last = today + timedelta(of_set["days_ahead"])
    first = min([today, *there])
    span = (max([last, *there]) - first).days + 1
    return [there.get(day) or Day(day, "missing") for day in (first + timedelta(n) for n in range(span))]


def draw(status: Status, width: int) -> list[list[tuple[str, str | None]]]:
    """Draw the days of all tables. A line is a list of (text, colour)."""
    label = max((len(each.relation) for each in status.sets), default=0)
    room = max(width - label - len(" +9999 ") - 1, 20)
    last = max((each.days[-1].day for each in status.sets if each.days), default=status.today)
    last = min(last, status.today + timedelta(room // 2))  # a partition of a year must not move today off the line
    first = min((each.days[0].day for each in status.sets if each.days), default=status.today)
    first = max(first, last - timedelta(room))
    column = (status.today - first).days
    lines: list[list[tuple[str, str | None]]] = [
        [(" " * (label + 7) + _ruler(first, status.today, column, width - label - 7), None)]
    ]
    for each in status.sets:
        earlier = sum(day.day < first for day in each.days)
        pieces: list[tuple[str, str | None]] = [
            (each.relation.ljust(label), None),
            (f" {f'+{earlier}' if earlier else '':>5} ", None),
        ]
        shown = {day.day: day.state for day in each.days}
        for offset in range((last - first).days + 1):
            state = shown.get(first + timedelta(offset))
            pieces.append(CELLS[state] if state else (" ", None))
        lines.append(_strip_end(pieces))
    seen = {day.state for each in status.sets for day in each.days}
    legend: list[tuple[str, str | None]] = []
    for state in (state for state in CELLS if state in seen):
        legend += [("   " if legend else "", None), CELLS[state], (f" {LEGEND[state]}", None)]
    return [*lines, [], legend]


def _ruler(first: date, today: date, column: int, width: int) -> str:
    """Draw a mark above today with its date beside it and, where there is room, the first day on the left."""
    mark = f"▼ today, {today}"
    if column + len(mark) > width:
        mark = f"today, {today} ▼"
        column = max(column - len(mark) + 1, 0)
    start = str(first) if column > len(str(first)) else ""
    return start.ljust(column) + mark


def _strip_end(pieces: Iterable[tuple[str, str | None]]) -> list[tuple[str, str | None]]:
    kept = list(pieces)
    while kept and not kept[-1][0].strip():
        kept.pop()
    return kept

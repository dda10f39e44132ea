"""The report for DBAs: one cell per day of each partitioned table, sizes, expiring partitions, and the log."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import Any

from psycopg.rows import dict_row

from stanchion.partitions.status import LEGEND, Day, PartitionSet, read_status
from stanchion.partitions.step import as_owner
from stanchion.paths import query
from stanchion.report.page import render, size
from stanchion.server.connection import Connection

_CELL = 13  # width of a cell with its gap, in pixels
_TOP = 14  # height of the line with the months
_MEANING = LEGEND | {"missing": "missing: inserts of rows of that day fail", "never": "past day without a partition"}


@dataclass(frozen=True)
class Cell:
    x: int
    y: int
    day: Day
    is_today: bool
    title: str


@dataclass(frozen=True)
class Year:
    """A calendar of one year: one column per week, with Monday on top."""

    year: int
    cells: list[Cell]
    months: list[tuple[int, str]]  # position and name of each month

    @property
    def width(self) -> int:
        return max(max(cell.x for cell in self.cells) + _CELL, max(x for x, _ in self.months) + 2 * _CELL)

    @property
    def height(self) -> int:
        return _TOP + 7 * _CELL


def partitions_page(conn: Connection) -> str:
    status = read_status(conn)
    with as_owner(conn):
        log = conn.cursor(row_factory=dict_row).execute(query("report", "partition_log").encode()).fetchall()
    sets = [_facts(each, status.today) for each in status.sets]
    seen = {day.state for each in sets for day in each["days"]}
    legend = {state: meaning for state, meaning in _MEANING.items() if state in seen}
    return render("partitions.html", today=status.today, alerts=status.alerts, sets=sets, log=log, legend=legend)


def _facts(of: PartitionSet, today: date) -> dict[str, Any]:
    # a past day without a partition needs no repair: nothing was written on it, or its partition has expired
    days = [replace(day, state="never") if day.state == "missing" and day.day < today else day for day in of.days]
    counts = Counter(day.state for day in days)
    summary = ", ".join(f"{counts[state]} {state}" for state in LEGEND if counts[state])
    return {
        "set": of,
        "days": days,
        "years": _years(days, today),
        "summary": f"{days[0].day} to {days[-1].day}: {summary or 'no partition'}." if days else "No partitions yet.",
        "ahead": of.ahead(today),
        "missing": counts["missing"],
        "special": [day for day in days if day.state not in ("filled", "empty", "never")],
    }


def _years(days: list[Day], today: date) -> list[Year]:
    return [_year(year, list(of_year), today) for year, of_year in groupby(days, key=lambda day: day.day.year)]


def _year(year: int, days: list[Day], today: date) -> Year:
    first = days[0].day

    def column(day: date) -> int:
        return ((day - first).days + first.weekday()) // 7 * _CELL

    cells = [
        Cell(column(day.day), _TOP + day.day.weekday() * _CELL, day, day.day == today, _title(day)) for day in days
    ]
    months: list[tuple[int, str]] = []
    for day in days:
        x = column(day.day)
        if (day is days[0] or day.day.day == 1) and (not months or x - months[-1][0] >= 2 * _CELL):
            months.append((x, f"{day.day:%b}"))
    return Year(year, cells, months)


def _title(day: Day) -> str:
    state = "without a partition" if day.state == "never" else day.state
    whole = f" in the partition of {day.first} to {day.last}" if day.first != day.last else ""
    rows = f"{'' if day.exact else '~'}{day.rows:,} rows"
    much = f", {rows}, {size(day.bytes)}{whole}" if day.bytes and day.state != "empty" else ""
    why = f" ({day.reason})" if day.reason else ""
    return f"{day.day}: {state}{much}{why}"

"""Measure how partitions are dropped: by an expiry run, by a plain DROP and by DELETE, and how long a writer waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import median, quantiles

from psycopg import sql

from stanchion.dev.bench.compare import Result
from stanchion.dev.bench.scratch import Scratch, scratch_database, settle
from stanchion.errors import StanchionError
from stanchion.partitions import run as partitions
from stanchion.partitions.step import Waits
from stanchion.progress import Report
from stanchion.server.connection import connect, value
from stanchion.server.locate import Server

TABLE = "core.bench_reading"
_BEAT = 0.01  # seconds between two inserts of the writer
_WAITS = Waits()
_NOTICED = (_WAITS.locks.lock_timeout + 0.1) * 1000  # longest wait of a writer, in milliseconds
Work = Callable[[Scratch], None]


def measure(server: Server, *, rows: int, seconds: float, report: Report) -> list[Result]:
    """Drop the same three partitions, once next to a reader and a writer and once alone."""
    ways: dict[str, Work] = {"partitions expire": _expire, "plain DROP": _drop, "DELETE and VACUUM": _delete}
    results = []
    with scratch_database(server) as scratch:
        scratch.prepare("days")
        for name in ("partitions expire", "plain DROP"):
            scratch.prepare("fill_days", rows=3000)
            report(f"{name}, next to a reader and a writer")
            took = sorted(_beside(scratch, ways[name], seconds))
            worst, bar = took[-1], 1.0 if name == "partitions expire" else None
            what = f"{name}, three days: slowest concurrent insert {worst:,.0f} ms"
            results.append(
                Result(
                    what,
                    1,
                    len(took) / (sum(took) / 1000),
                    median(took),
                    quantiles(took, n=20, method="inclusive")[18],
                    _NOTICED / worst,
                    bar,
                )
            )
        costs = {}
        for name, work in ways.items():
            scratch.prepare("fill_days", rows=rows)
            settle(scratch.conn, TABLE)
            report(f"{name}, {rows:,} rows")
            costs[name] = _cost(scratch, work)
        deleted = costs["DELETE and VACUUM"][1]
        for name, (took_ms, wal) in costs.items():
            what = f"{name}, {rows:,} rows: {wal / 1024:,.0f} kB of WAL"
            bar = 20.0 if name == "partitions expire" else None
            results.append(Result(what, 1, rows / took_ms * 1000, took_ms, took_ms, deleted / wal, bar))
    return results


def _expire(scratch: Scratch) -> None:
    went: list[str] = []
    with connect(scratch.server) as conn:
        partitions.expire(conn, lambda _: None, lambda done: went.append(done.outcome), _WAITS)
    if went != ["dropped"] * 3:
        raise StanchionError(f"Three days were to go, and this became of them: {', '.join(went) or 'nothing'}.")


def _drop(scratch: Scratch) -> None:
    for day in _due(scratch):
        scratch.conn.execute(sql.SQL("drop table {}").format(sql.SQL(day)))


def _delete(scratch: Scratch) -> None:
    table = sql.SQL(TABLE)
    scratch.conn.execute(sql.SQL("delete from {} where taken_on < core.utc_day(clock_timestamp()) - 1").format(table))
    scratch.conn.execute(sql.SQL("vacuum {}").format(table))


def _due(scratch: Scratch) -> list[str]:
    asked = "select child from core.plan_expiry() where relation = %s order by day"
    return [child for (child,) in scratch.conn.execute(asked, [TABLE]).fetchall()]


def _cost(scratch: Scratch, work: Work) -> tuple[float, int]:
    """Return the duration in milliseconds, and the bytes of WAL."""
    before = value(scratch.conn, "select pg_current_wal_insert_lsn()")
    started = time.monotonic()
    work(scratch)
    took = (time.monotonic() - started) * 1000
    return took, int(value(scratch.conn, "select pg_current_wal_insert_lsn() - %s::pg_lsn", [before]))


def _beside(scratch: Scratch, work: Work, seconds: float) -> list[float]:
    """Return the milliseconds of each insert of a writer while a reader has the table open for `seconds`."""
    reading, over = threading.Event(), threading.Event()

    def read() -> None:
        with connect(scratch.server) as conn, conn.transaction():
            conn.execute(sql.SQL("select count(*) from {}").format(sql.SQL(TABLE)))
            reading.set()
            time.sleep(seconds)

    def write() -> list[float]:
        took = []
        insert = f"insert into {TABLE} (tenant_id, taken_on) values (%s, core.utc_day(clock_timestamp()))"  # noqa: S608 - ours
        with connect(scratch.server) as conn:
            while not over.wait(_BEAT):
                started = time.monotonic()
                conn.execute(insert, [scratch.tenant])
                took.append((time.monotonic() - started) * 1000)
        return took

    with ThreadPoolExecutor(2) as pool:
        reader, writer = pool.submit(read), pool.submit(write)
        reading.wait(10)
        try:
            work(scratch)
            reader.result()
            time.sleep(10 * _BEAT)
        finally:
            over.set()
        return writer.result()

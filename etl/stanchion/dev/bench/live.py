"""Measure scores of a competition at a thousand events per second, and its standings at the same time."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median, quantiles

import psycopg

from stanchion.dev.bench.compare import Result
from stanchion.dev.bench.load import WARM_UP, find_pgbench, run
from stanchion.dev.bench.scratch import Scratch, scratch_database
from stanchion.paths import query
from stanchion.progress import Report
from stanchion.server.connection import Connection, value
from stanchion.server.locate import Server

CLIENTS = 32
BAR_MS = 50
_LEADERBOARD = "select * from contest.leaderboard('cup')"
_ODD_VERSIONS = """
    select count(*) from (
        select e.stream_id from core.event as e
        join contest.fixture as f on f.tenant_id = e.tenant_id and f.game_key = e.stream_id
        where e.stream_type = 'contest.fixture'
        group by e.stream_id, f.version
        having (count(*), count(distinct e.version), max(e.version)) <> (f.version, f.version, f.version)
    ) as odd
"""


def live(server: Server, *, seconds: float, rate: int, report: Report) -> list[Result]:
    """Let 32 clients advance 100 fixtures of 32 teams, and read the standings at the same time."""
    pgbench = find_pgbench(server.embedded)
    with scratch_database(server) as scratch:
        scratch.prepare("live_cup")
        report(f"{rate:,} events/s for {seconds:.0f} s")
        with _reading(scratch) as (took, odd):
            before = _events(scratch)
            done = run(pgbench, scratch.environment, "next_step", clients=CLIENTS, seconds=seconds, rate=rate)
            events = _events(scratch) - before
        odd_versions = broken_streams(scratch.conn)
    per_second = events / (seconds + WARM_UP)
    p95 = quantiles(took, n=20)[18]
    right = sum(count == 0 for count in odd)
    return [
        Result(
            f"{rate:,} events/s requested, {seconds:.0f} s: {events:,} events", CLIENTS, per_second, done.p50_ms,
            done.p95_ms, per_second / rate, 0.97,
        ),
        Result(
            f"standings, read at the same time; target: p95 of {BAR_MS} ms", 1, 1000 / median(took), median(took), p95,
            BAR_MS / p95, 1.0,
        ),
        Result(f"snapshots whose standings match the ledger: {right} of {len(odd)}", 1, 0, 0, 0, right / len(odd), 1.0),
        Result(f"streams with a duplicate or missing version: {odd_versions}", 1, 0, 0, 0, 1.0 - odd_versions, 1.0),
    ]  # fmt: skip


def broken_streams(conn: Connection) -> int:
    """Return the number of fixtures whose stream lacks a version or has one twice."""
    return int(value(conn, _ODD_VERSIONS))


def _events(scratch: Scratch) -> int:
    return int(value(scratch.conn, "select count(*) from core.event where stream_type = 'contest.fixture'"))


@contextmanager
def _reading(scratch: Scratch) -> Iterator[tuple[list[float], list[int]]]:
    """Readers of the standings: 20 reads per second, and 2 comparisons with the ledger per second."""
    took: list[float] = []
    odd: list[int] = []
    over = threading.Event()

    def again(every: float, look: Callable[[Connection], None]) -> None:
        with psycopg.connect(scratch.login, autocommit=True) as conn:
            while not over.wait(every):
                look(conn)

    def read(conn: Connection) -> None:
        began = time.monotonic()
        conn.execute(_LEADERBOARD).fetchall()
        took.append((time.monotonic() - began) * 1000)

    def compare(conn: Connection) -> None:
        odd.append(int(value(conn, query("dev/bench", "live_sums"))))

    readers = [threading.Thread(target=again, args=args) for args in ((0.05, read), (0.5, compare))]
    for reader in readers:
        reader.start()
    try:
        yield took, odd
    finally:
        over.set()
        for reader in readers:
            reader.join()

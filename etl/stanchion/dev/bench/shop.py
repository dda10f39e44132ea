"""Measure purchases of one item: directly, and through the queue."""

import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from statistics import median, quantiles

import psycopg

from stanchion.dev.bench.compare import Result, summarize
from stanchion.dev.bench.load import WARM_UP, Run, find_pgbench, run
from stanchion.dev.bench.scratch import Scratch, scratch_database, settle
from stanchion.errors import StanchionError
from stanchion.jobs import worker
from stanchion.progress import Report
from stanchion.server.connection import value
from stanchion.server.locate import Server

_BATCH = 50
_TABLES = ("core.job", "core.job_done", "core.idempotency_key", "core.audit_log", "stock.item", "stock.purchase")


def purchases(server: Server, *, seconds: float, rounds: int, report: Report) -> list[Result]:
    """Compare fifty orders per transaction with one order per transaction, at 16 and 64 clients and at one client."""
    pgbench = find_pgbench(server.embedded)
    with scratch_database(server) as scratch:
        scratch.prepare("hot_item")

        def alone(script: str, clients: int, orders: int = 1) -> Callable[[], Run]:
            def go() -> Run:
                done = run(pgbench, scratch.environment, script, clients=clients, seconds=seconds)
                return Run(done.per_second * orders, done.p50_ms, done.p95_ms)

            return go

        results = []
        for clients in (16, 64):
            results += _in_turn(
                {
                    "FOR UPDATE, a transaction each": alone("buy_for_update", clients),
                    "stock.buy": alone("buy", clients),
                    f"enqueue_buy to decided, fulfil_batch({_BATCH})": lambda c=clients: _end_to_end(  # type: ignore[misc]
                        pgbench, scratch, c, seconds
                    ),
                },
                clients,
                rounds,
                report,
            )
        results += _in_turn(
            {
                "one client, FOR UPDATE": alone("buy_for_update", 1),
                "one client, stock.buy": alone("buy", 1),
                f"one client, fulfil_batch({_BATCH})": lambda: _serial(pgbench, scratch, seconds),
            },
            1,
            rounds,
            report,
        )
        return results + _in_turn(
            {
                "only the update of the item, one per order": alone("take_1", 1),
                f"only the update of the item, one per {_BATCH}": alone("take_50", 1, _BATCH),
            },
            1,
            rounds,
            report,
        )


def orders(server: Server, *, seconds: float, report: Report) -> list[Result]:
    """Measure the time from enqueue_buy until the decision is visible, at 500 orders per second with one worker."""
    pgbench, clients, rate = find_pgbench(server.embedded), 16, 500
    seconds = max(5 * seconds, 10)
    with scratch_database(server) as scratch:
        scratch.prepare("hot_item")
        settle_all(scratch)
        with _working(scratch), _hearing(scratch) as heard:
            report(f"{rate} orders/s for {seconds:.0f} s")
            run(pgbench, scratch.environment, "enqueue_buy", clients=clients, seconds=seconds, rate=rate)
            time.sleep(1)
        rows = scratch.conn.execute(
            "select extract(epoch from ordered_at)::float8, extract(epoch from decided_at)::float8 from stock.purchase "
            "order by ordered_at"
        ).fetchall()
    rows = [row for row in rows if row[0] > rows[0][0] + WARM_UP]
    # a decision is visible from its commit on, which also sends the notification
    took = [(heard[bisect_left(heard, decided)] - ordered) * 1000 for ordered, decided in rows]
    p95 = quantiles(took, n=20)[18]
    per_second = len(rows) / (rows[-1][0] - rows[0][0])
    what = f"{rate} orders/s requested, {seconds:.0f} s: {len(rows):,} decided; target: p95 of 250 ms"
    return [Result(what, clients, per_second, median(took), p95, 250 / p95, 1.0)]


def settle_all(scratch: Scratch) -> None:
    for table in _TABLES:
        settle(scratch.conn, table)


def _in_turn(alternatives: dict[str, Callable[[], Run]], clients: int, rounds: int, report: Report) -> list[Result]:
    runs: dict[str, list[Run]] = {name: [] for name in alternatives}
    for round_ in range(rounds):
        for name in list(alternatives)[:: 1 if round_ % 2 == 0 else -1]:
            runs[name].append(alternatives[name]())
        report(f"{clients} clients, round {round_ + 1} of {rounds}")
    first = next(iter(runs.values()))
    return [summarize(name, clients, own, first) for name, own in runs.items()]


def _empty(scratch: Scratch) -> None:
    scratch.conn.execute("delete from core.job")


def _end_to_end(pgbench: str, scratch: Scratch, clients: int, seconds: float) -> Run:
    """Run clients that order, and one client that decides."""
    _empty(scratch)
    settle_all(scratch)
    with _decided(scratch, seconds) as decided, ThreadPoolExecutor(1) as pool:
        deciding = pool.submit(run, pgbench, scratch.environment, "fulfil_50", clients=1, seconds=seconds)
        run(pgbench, scratch.environment, "enqueue_buy", clients=clients, seconds=seconds)
        deciding.result()
    return decided[0]


def _serial(pgbench: str, scratch: Scratch, seconds: float) -> Run:
    """Run one client that decides, with enough orders in the queue."""
    _empty(scratch)
    scratch.prepare("many_orders", rows=round(8_000 * (seconds + WARM_UP)))
    settle_all(scratch)
    with _decided(scratch, seconds) as decided:
        run(pgbench, scratch.environment, "fulfil_50", clients=1, seconds=seconds)
    return decided[0]


@contextmanager
def _decided(scratch: Scratch, seconds: float) -> Iterator[list[Run]]:
    """Return the orders that were decided after the warm-up, with their waiting times."""
    found: list[Run] = []
    began = value(scratch.conn, "select clock_timestamp()")
    yield found
    row = scratch.conn.execute(
        "select count(*) / least(%(seconds)s, extract(epoch from max(decided_at) - %(began)s) - %(warm)s)::float8, "
        "percentile_cont(array[0.5, 0.95]) within group (order by extract(epoch from decided_at - ordered_at) * 1000) "
        "from stock.purchase "
        "where decided_at between %(began)s + %(warm)s * interval '1 s' and %(began)s + %(end)s * interval '1 s'",
        {"seconds": seconds, "began": began, "warm": WARM_UP, "end": WARM_UP + seconds},
    ).fetchone()
    if row is None or row[1] is None:
        raise StanchionError("Too few orders were decided to measure it; increase --seconds.")
    found.append(Run(row[0], *row[1]))


@contextmanager
def _working(scratch: Scratch) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(
        target=worker.run, args=(scratch.server, worker.Options(), stop, lambda _: None, lambda _: None)
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def _hearing(scratch: Scratch) -> Iterator[list[float]]:
    """Return the arrival times of the notifications of decided orders, by the clock of the server."""
    heard: list[float] = []
    over = threading.Event()
    row = scratch.conn.execute("select extract(epoch from clock_timestamp())::float8").fetchone()
    ahead = row[0] - time.time() if row else 0.0

    def listen() -> None:
        with psycopg.connect(scratch.login, autocommit=True) as conn:
            conn.execute("listen stanchion_purchases")
            while not over.is_set():
                heard.extend(time.time() + ahead for _ in conn.notifies(timeout=0.2))

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield heard
    finally:
        over.set()
        thread.join()
        heard.append(float("inf"))

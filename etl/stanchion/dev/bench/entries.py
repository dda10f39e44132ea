"""The benchmarks. Each entry prepares its data and returns its results. Its docstring is printed on the page."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

import psycopg

from stanchion.dev.bench import loading, shop
from stanchion.dev.bench import workspace as workspaces
from stanchion.dev.bench.compare import Alternative, Result, compare
from stanchion.dev.bench.cpu import measure_start, measure_workbooks
from stanchion.dev.bench.expiry import measure as measure_expiry
from stanchion.dev.bench.increments import measure as measure_increments
from stanchion.dev.bench.live import live as measure_live
from stanchion.dev.bench.load import WARM_UP, find_pgbench, run
from stanchion.dev.bench.marts import measure as measure_marts
from stanchion.dev.bench.refresh import measure as measure_refresh
from stanchion.dev.bench.scratch import Scratch, scratch_database, settle
from stanchion.dev.bench.season import measure as measure_season
from stanchion.progress import Report
from stanchion.server.connection import value
from stanchion.server.locate import Server

# least ratio of claims to the plain insert in a function (decision 0072)
CLAIM_BARS = {"random text": 0.7, "UUIDv7": 0.8}
REFRESHED_GAMES = 400  # largest number of games of refresh
LIVE = 2_000_000  # keys that were claimed today before claims are measured


@dataclass(frozen=True)
class Effort:
    seconds: float  # duration of a run
    rounds: int
    rows: int  # live keys in the larger database
    games: int
    clients: tuple[int, ...]  # numbers of concurrent clients
    report: Report


def claims(server: Server, effort: Effort) -> list[Result]:
    """Claim and complete keys, compared with plain statements on one table with the same row-level security.

    As in an application, each transaction sets its tenant and the client generates the key. The first line inserts in a
    function, which claims are compared with, because applications may not write the table of keys themselves.
    """
    pgbench = find_pgbench(server.embedded)
    results = []
    with scratch_database(server) as scratch:
        scratch.prepare("plain_keys")
        live = min(LIVE, effort.rows)
        effort.report(f"{live:,} keys on each side")
        scratch.prepare("live_keys", rows=live)
        scratch.prepare("live_plain_keys")
        for table in ("core.idempotency_key", "public.plain_key"):
            settle(scratch.conn, table)
        alternatives = [
            Alternative("plain insert in a function, random text", "function_text", scratch),
            Alternative("plain insert, random text", "plain_text", scratch),
            Alternative("plain insert, UUIDv7 as text", "plain_uuid7", scratch),
            Alternative("claim_key, random text", "claim_text", scratch, bar=CLAIM_BARS["random text"]),
            Alternative("claim_key, UUIDv7", "claim_uuid7", scratch, bar=CLAIM_BARS["UUIDv7"]),
        ]
        answered = [
            Alternative("plain insert and update, random text", "plain_complete_text", scratch),
            Alternative("claim_key and complete_key, random text", "claim_complete_text", scratch),
            Alternative("claim_key and complete_key, UUIDv7", "claim_complete_uuid7", scratch),
        ]
        for clients in effort.clients:
            for among in (alternatives, answered):
                results += compare(
                    pgbench, among, clients=clients, seconds=effort.seconds, rounds=effort.rounds, report=effort.report
                )
    return results


def claims_live_keys(server: Server, effort: Effort) -> list[Result]:
    """Claim keys when --rows keys (default: ten million) were claimed today, compared with ten thousand."""
    pgbench = find_pgbench(server.embedded)
    with ExitStack() as stack:
        few, many = (stack.enter_context(scratch_database(server)) for _ in range(2))
        for scratch, rows in ((few, 10_000), (many, effort.rows)):
            effort.report(f"{rows:,} keys")
            scratch.prepare("live_keys", rows=rows)
            settle(scratch.conn, "core.idempotency_key")
        results = []
        for kind, script in (("random text", "claim_text"), ("UUIDv7", "claim_uuid7")):
            alternatives = [
                Alternative(f"{kind}, 10,000 live", script, few),
                Alternative(f"{kind}, {effort.rows:,} live", script, many, bar=0.9),
            ]
            results += compare(
                pgbench, alternatives, clients=8, seconds=effort.seconds, rounds=effort.rounds, report=effort.report
            )
    return results


def events(server: Server, effort: Effort) -> list[Result]:
    """Append events to 500 and to 10 streams, with one notification each, and at a fixed rate of 1,000 per second."""
    pgbench = find_pgbench(server.embedded)
    with scratch_database(server) as scratch:
        scratch.prepare("plain_events")
        alternatives = [
            Alternative("append, 500 streams", "append_500", scratch),
            Alternative("append, 10 streams", "append_10", scratch),
            Alternative("append and notify each, 500 streams", "notify_500", scratch),
        ]
        results = compare(
            pgbench, alternatives, clients=16, seconds=effort.seconds, rounds=effort.rounds, report=effort.report
        )
        return [*results, *_sustained(pgbench, scratch, seconds=max(15 * effort.seconds, 10))]


def _sustained(pgbench: str, scratch: Scratch, *, seconds: float) -> list[Result]:
    """Append a thousand events per second, and count the notifications."""
    clients, heard, over = 16, 0, threading.Event()

    def listen() -> None:
        nonlocal heard
        with psycopg.connect(scratch.login, autocommit=True) as conn:
            conn.execute("listen stanchion_events")
            while not over.is_set():
                heard += sum(1 for _ in conn.notifies(timeout=0.5))

    listener = threading.Thread(target=listen)
    listener.start()
    before = int(value(scratch.conn, "select count(*) from core.event"))
    try:
        done = run(pgbench, scratch.environment, "append_500", clients=clients, seconds=seconds, rate=1000)
    finally:
        over.set()
        listener.join()
    written = int(value(scratch.conn, "select count(*) from core.event")) - before
    sentence = f"1,000 events/s requested, {seconds:.0f} s: {written:,} events"
    return [
        Result(sentence, clients, done.per_second, done.p50_ms, done.p95_ms, done.per_second / 1000, 0.97),
        Result(f"their notifications: {heard}", clients, heard / (seconds + WARM_UP), 0.0, 0.0, None, None),
    ]


def expiry(server: Server, effort: Effort) -> list[Result]:
    """Expire partitions beside a reader and a writer, and half a million rows at once; compare DROP and DELETE."""
    return measure_expiry(server, rows=min(500_000, effort.rows), seconds=effort.seconds, report=effort.report)


def load(server: Server, effort: Effort) -> list[Result]:
    """Load a hundred games of 12,000 rows each, with one and two loader processes, then the same files again.

    The results are compared with psql's \\copy of rendered rows, and with pandas and dlt, which load the same rows into
    tables with the same keys and checks. These keep no documents and no earlier revisions, and do not check the values.
    """
    games = max(2, min(100, effort.rows // 10_000))
    with scratch_database(server) as scratch:
        scratch.conn.execute(
            "select contest.ensure_game_days(array(select date '2026-01-01' + n from generate_series(0, 9) as n))"
        )
        return loading.measure(server, scratch, games, effort.rounds, effort.report)


def purchases(server: Server, effort: Effort) -> list[Result]:
    """Buy one item from many clients, directly and through the queue."""
    return shop.purchases(server, seconds=effort.seconds, rounds=effort.rounds, report=effort.report)


def orders(server: Server, effort: Effort) -> list[Result]:
    """Measure the time from an order to its decision."""
    return shop.orders(server, seconds=effort.seconds, report=effort.report)


def live(server: Server, effort: Effort) -> list[Result]:
    """Submit scores at a thousand events per second, and read the standings at the same time."""
    return measure_live(server, seconds=max(15 * effort.seconds, 5), rate=1000, report=effort.report)


def marts(server: Server, effort: Effort) -> list[Result]:
    """Run the most frequent queries of analysts for tenants of each size: 10,000 tenants, half of --rows players."""
    return measure_marts(server, rows=effort.rows // 2, seconds=effort.seconds, report=effort.report)


def increments(server: Server, effort: Effort) -> list[Result]:
    """Build the marts of a new day when a tenth, half and twice of --rows events exist, and count pages."""
    sizes = (effort.rows // 10, effort.rows // 2, effort.rows * 2)
    return measure_increments(server, sizes=sizes, report=effort.report)


def workspace(server: Server, effort: Effort) -> list[Result]:
    """Run the requests of members, with 10,000 tenants, half of --rows uses and a tenth of --rows members."""
    return workspaces.measure(server, rows=effort.rows // 2, seconds=effort.seconds, report=effort.report)


def usage(server: Server, effort: Effort) -> list[Result]:
    """Count uses of a feature in the transaction of each use, compared with only inserting the use."""
    return workspaces.usage(server, seconds=effort.seconds, rounds=effort.rounds, report=effort.report)


def season(server: Server, effort: Effort) -> list[Result]:
    """Load and build a season of --games games from nothing, then one more game, compared with DuckDB and polars.

    The folder has autosaves, exports, rosters and workbooks. Stanchion deploys to an empty database, loads all files,
    and builds and tests all marts. DuckDB and polars only compute lines of players and teams, as in fact_player_game
    and fact_team_game, and each cell is compared with the marts. They keep no tenants, no history and no keys, check
    nothing, read no workbooks, and read all files again for one more game. The rate of a season is in games per second.
    """
    return measure_season(server, games=effort.games, rounds=effort.rounds, report=effort.report)


def refresh(server: Server, effort: Effort) -> list[Result]:
    """Compute eight facts of at most 400 of the --games games again, compared with one DuckDB query for each fact.

    DuckDB has the rows in its own tables, in memory. Reading them from Postgres is not measured. Each cell is compared
    with the marts, except the columns of expected goals, official figures and the quality of games, which the queries
    leave out. DuckDB keeps no tenants, writes no keys, and serves no readers during the refresh.
    """
    games = min(effort.games, REFRESHED_GAMES)
    return measure_refresh(server, games=games, rounds=effort.rounds, report=effort.report)


def workbooks(_: Server, effort: Effort) -> list[Result]:
    """Read workbooks of 57 kB, compared with only unpacking their cells. No server takes part."""
    return measure_workbooks(effort.rounds, effort.report)


def start(server: Server, effort: Effort) -> list[Result]:
    """Start commands, compared with starting Python. status also lists the modules of the configured database."""
    return measure_start(server, effort.rounds, effort.report)


ENTRIES: dict[str, Callable[[Server, Effort], list[Result]]] = {
    "claims": claims,
    "claims-live-keys": claims_live_keys,
    "marts": marts,
    "increments": increments,
    "events": events,
    "expiry": expiry,
    "live": live,
    "load": load,
    "season": season,
    "refresh": refresh,
    "purchases": purchases,
    "orders": orders,
    "workspace": workspace,
    "usage": usage,
    "workbooks": workbooks,
    "start": start,
}

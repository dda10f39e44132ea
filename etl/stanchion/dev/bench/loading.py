"""Compare loading exports with other loaders, and with psql's \\copy of prepared files.

Both sides fill the same tables from files on disk, including the documents, in the same order and with one transaction
per game. The start of the programs is not measured. \\copy does not read exports or decide about revisions, and it
bypasses the policies, because Postgres refuses COPY into tables with row-level security. Decision 0072 has the reasons
for the bars.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from psycopg import sql
from psycopg.conninfo import make_conninfo

from stanchion.dev.bench.apart import Apart, run_apart
from stanchion.dev.bench.compare import Result
from stanchion.dev.bench.games import write_games
from stanchion.dev.bench.peers import PEERS
from stanchion.dev.bench.scratch import Scratch, settle
from stanchion.errors import StanchionError
from stanchion.ingest.loading.run import load
from stanchion.ingest.reading.rowtext import COLUMNS
from stanchion.progress import Report
from stanchion.server.binaries import find_binaries
from stanchion.server.connection import value
from stanchion.server.locate import Server

AGAIN = 10.0  # least ratio of the same files again to the rate of the first load
TABLES = (*(f"contest.{table}" for table in COLUMNS), "landing.revision")
_PEER_GAMES = 4  # because some of these loaders need seconds per game


Pass = Apart[float]  # one run of one way of loading, with its seconds


def measure(server: Server, scratch: Scratch, games: int, rounds: int, report: Report) -> list[Result]:
    """Return medians of the rounds. All ways take turns, and each run loads into an empty tenant."""
    own = replace(server, dsn=make_conninfo(server.dsn, dbname=scratch.conn.info.dbname))
    with tempfile.TemporaryDirectory() as folder:
        pile = Path(folder, "exports")
        pile.mkdir()
        report(f"making {games} games")
        write_games(pile, games)
        rows, rendered = _render(own, scratch, pile)
        report(f"{rows:,} rows")
        some = sorted(pile.iterdir())[:_PEER_GAMES]
        ways: dict[str, list[Pass]] = {}
        for number in range(rounds):
            for jobs in (1, 2):
                slug = f"copy-{number}-{jobs}"
                scripts = _scripts(rendered, Path(folder, slug), _tenant(scratch, slug), jobs)
                _measure(ways, f"\\copy, {jobs}", partial(_copy, own, scripts))
                slug = f"load-{number}-{jobs}"
                _tenant(scratch, slug)
                for way in ("load", "again"):
                    _measure(ways, f"{way}, {jobs}", partial(_load, own, slug, pile, jobs))
                for table in TABLES:
                    settle(scratch.conn, table)
            for name, (peer, _) in PEERS.items():
                _measure(ways, name, partial(peer, own.dsn, some))
            report(f"round {number + 1} of {rounds}")
    return [*_ours(ways, rows), *_peers(ways, rows, rows * len(some) // games)]


def _ours(ways: dict[str, list[Pass]], rows: int) -> list[Result]:
    results = []
    for jobs in (1, 2):
        best, loaded = ways[f"\\copy, {jobs}"], ways[f"load, {jobs}"]
        results.append(_result(f"\\copy of {rows:,} rendered rows", jobs, best, rows))
        results.append(_result("load of the exports", jobs, loaded, rows, ratio=_ratio(loaded, best)))
        again = ways[f"again, {jobs}"]
        what = "load of the same files again, compared with load"
        results.append(_result(what, jobs, again, rows, ratio=_ratio(again, loaded), bar=AGAIN))
    return results


def _peers(ways: dict[str, list[Pass]], rows: int, some: int) -> list[Result]:
    """Return the line of each peer, which loads `some` of the rows, and that of a load compared with it."""
    results = []
    loaded = ways["load, 1"]
    for name, (_, bar) in PEERS.items():
        ratio = _ratio(loaded, ways[name]) * rows / some
        results.append(_result(f"{name}, compared with load", 1, ways[name], some, ratio=1 / ratio, peer=name))
        results.append(_result(f"load of the exports, compared with {name}", 1, loaded, rows, ratio=ratio, bar=bar))
    return results


def _ratio(own: list[Pass], other: list[Pass]) -> float:
    return median(theirs.result / ours.result for ours, theirs in zip(own, other, strict=True))


def _result(what: str, jobs: int, own: list[Pass], rows: int, **more: Any) -> Result:
    seconds = [each.result for each in own]
    text = f"{what}: {median(seconds):.2f} s, {median(each.cpu for each in own):.2f} s of CPU in the client"
    text += f", {max(each.megabytes for each in own):.0f} MB"
    given: dict[str, Any] = {"ratio": None, "bar": None} | more
    return Result(text, jobs, rows / median(seconds), median(seconds) * 1000, max(seconds) * 1000, **given)


def _measure(ways: dict[str, list[Pass]], name: str, way: Callable[[], float]) -> None:
    ways.setdefault(name, []).append(run_apart(name, way))


def _tenant(scratch: Scratch, slug: str) -> str:
    return str(value(scratch.conn, "select core.create_tenant(%s, %s, 'league')", [slug, slug]))


def _load(server: Server, slug: str, pile: Path, jobs: int) -> float:
    total = load(server, slug, (str(pile),), jobs=jobs)
    if not total.is_clean:
        raise StanchionError(f"The games of the benchmark could not be loaded: {dict(total.outcomes)}.")
    return total.seconds


Rendered = list[dict[str, bytes]]  # per game and table, the rows in the format of COPY


def _render(server: Server, scratch: Scratch, pile: Path) -> tuple[int, Rendered]:
    """Return the rows that loading the games writes to the tables, and their number."""
    tenant = _tenant(scratch, "rendered")
    _load(server, "rendered", pile, 2)
    conn = scratch.conn
    keys = [
        row[0] for row in conn.execute("select game_key from contest.fixture where tenant_id = %s order by 1", [tenant])
    ]
    rendered: Rendered = []
    for key in keys:
        rendered.append({})
        for table in TABLES:
            query = sql.SQL("copy (select * from {} where tenant_id = {} and game_key = {}) to stdout").format(
                sql.Identifier(*table.split(".")), tenant, key
            )
            with conn.cursor().copy(query) as copy:
                text = b"".join(bytes(part) for part in copy)
            rendered[-1][table] = text.replace(tenant.encode(), b"TENANT")
    rows = sum(game[table].count(b"\n") for game in rendered for table in TABLES[:-1])
    return rows, rendered


def _scripts(rendered: Rendered, folder: Path, tenant: str, jobs: int) -> list[str]:
    """Write one script per session with its share of the games, and the files that the script copies."""
    folder.mkdir()
    scripts = [""] * jobs
    for number, game in enumerate(rendered):
        script = "begin;\n"
        for table, text in game.items():
            file = folder / f"{number}.{table}"
            file.write_bytes(text.replace(b"TENANT", tenant.encode()))
            script += f"\\copy {table} from '{file}'\n"
        scripts[number % jobs] += script + "commit;\n"
    return scripts


def _copy(server: Server, scripts: list[str]) -> float:
    psql = shutil.which(str(find_binaries() / "psql")) or shutil.which("psql")
    if psql is None:
        raise StanchionError("psql was not found; install the client programs of Postgres.")
    variables = {key: text for key, text in os.environ.items() if not key.startswith("PG")} | server.environment()
    argv = [psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"]
    started = time.monotonic()
    running = [
        subprocess.Popen(
            argv, env=variables, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        for _ in scripts
    ]
    for process, script in zip(running, scripts, strict=True):
        assert process.stdin  # noqa: S101
        process.stdin.write(script)
        process.stdin.close()
    for process in running:
        text = process.stderr.read() if process.stderr else ""
        if process.wait():
            raise StanchionError(f"psql could not copy: {(text.strip().splitlines() or ['it printed no error'])[-1]}.")
    return time.monotonic() - started

"""Compare loading exports with psql's \\copy of prepared files, and with other loaders.

Both sides fill the same tables from files on disk, including the documents, in the same order and with one transaction
per game. The start of the programs is not measured. \\copy does not read exports or decide about revisions, and it
bypasses the policies, because Postgres refuses COPY into tables with row-level security.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from psycopg import sql
from psycopg.conninfo import make_conninfo

from stanchion.dev.bench import peers
from stanchion.dev.bench.compare import Result
from stanchion.dev.bench.games import write_games
from stanchion.dev.bench.scratch import Scratch, settle
from stanchion.errors import StanchionError
from stanchion.ingest.loading.run import load
from stanchion.ingest.reading.rowtext import COLUMNS
from stanchion.progress import Report
from stanchion.server.binaries import find_binaries
from stanchion.server.connection import value
from stanchion.server.locate import Server

# least ratio to the rate of \copy with as many sessions; for the same files again, to the rate of the first load
BARS = {1: 0.5, 2: 0.6}
AGAIN = 10.0
TABLES = (*(f"contest.{table}" for table in COLUMNS), "landing.revision")
_PEER_GAMES = 4  # because these loaders need seconds per game


@dataclass(frozen=True)
class Pass:
    """One run of one way of loading."""

    seconds: float
    cpu: float
    megabytes: float  # most memory of one process


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
        ways: dict[str, list[Pass]] = {}
        for number in range(rounds):
            for jobs in (1, 2):
                slug = f"copy-{number}-{jobs}"
                scripts = _scripts(rendered, Path(folder, slug), _tenant(scratch, slug), jobs)
                ways.setdefault(f"\\copy, {jobs}", []).append(_measured(lambda: _copy(own, scripts)))  # noqa: B023
                slug = f"load-{number}-{jobs}"
                _tenant(scratch, slug)
                for way in ("load", "again"):
                    done = _measured(lambda: _load(own, slug, pile, jobs))  # noqa: B023
                    ways.setdefault(f"{way}, {jobs}", []).append(done)
                for table in TABLES:
                    settle(scratch.conn, table)
            report(f"round {number + 1} of {rounds}")
        results = []
        for jobs in (1, 2):
            best, loaded = ways[f"\\copy, {jobs}"], ways[f"load, {jobs}"]
            results.append(_result(f"\\copy of {rows:,} rendered rows", jobs, best, best, rows))
            results.append(_result("load of the exports", jobs, loaded, best, rows, BARS[jobs]))
            results.append(
                _result(
                    "load of the same files again, compared with load",
                    jobs,
                    ways[f"again, {jobs}"],
                    loaded,
                    rows,
                    AGAIN,
                )
            )
        lacking = peers.missing()
        if lacking:
            report(lacking)
            return results
        files = sorted(pile.iterdir())[:_PEER_GAMES]
        for name, peer in peers.PEERS.items():
            report(f"{name}, {len(files)} games")
            taken = [_measured(lambda: peer(own.dsn, files))]  # noqa: B023
            some = rows * len(files) // games
            per_row = [replace(each, seconds=each.seconds * some / rows) for each in ways["load, 2"]]
            results.append(_result(f"{name}, compared with load with two processes", 1, taken, per_row[:1], some))
    return results


def _result(what: str, jobs: int, own: list[Pass], other: list[Pass], rows: int, bar: float | None = None) -> Result:
    seconds = [each.seconds for each in own]
    ratio = median(theirs.seconds / ours.seconds for ours, theirs in zip(own, other, strict=True))
    text = f"{what}: {median(seconds):.2f} s, {median(each.cpu for each in own):.2f} s of CPU in the client"
    text += f", {max(each.megabytes for each in own):.0f} MB"
    middle = median(seconds) * 1000
    return Result(text, jobs, rows / median(seconds), middle, max(seconds) * 1000, None if own is other else ratio, bar)


def _measured(way: Callable[[], float]) -> Pass:
    """Run one way in a separate process. CPU and memory of the server are not included."""
    pid = os.fork()
    if not pid:
        try:
            seconds = way()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        Path(tempfile.gettempdir(), f"stanchion-bench-{os.getpid()}").write_text(str(seconds))
        os._exit(0)
    _, status, used = os.wait4(pid, 0)
    marker = Path(tempfile.gettempdir(), f"stanchion-bench-{pid}")
    if status:
        raise StanchionError("A loader failed; its output is above.")
    seconds = float(marker.read_text())
    marker.unlink()
    return Pass(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


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

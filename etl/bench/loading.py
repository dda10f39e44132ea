"""Loading exports, beside what it can at best be: psql's \\copy of rendered files into the same tables."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from psycopg.conninfo import make_conninfo

from etl.bench.compare import Result, Say
from etl.bench.games import write_games
from etl.bench.scratch import Scratch, settle
from etl.binaries import find_binaries
from etl.database import value
from etl.errors import StanchionError
from etl.loading import copytext
from etl.loading.run import load
from etl.server import Server
from etl.tracker.recognise import read
from etl.tracker.sources import documents

# of the rate of \copy in as many sessions; the same files again, of the rate of loading them
BARS = {1: 0.5, 2: 0.6}
AGAIN = 10.0


@dataclass(frozen=True)
class Pass:
    """One way of loading, once."""

    seconds: float
    cpu: float
    megabytes: float  # the most that a process of it had


def measure(server: Server, scratch: Scratch, games: int, rounds: int, say: Say) -> list[Result]:
    """Medians over the rounds, in which all ways take turns; every pass is for a tenant that has nothing yet."""
    own = replace(server, dsn=make_conninfo(server.dsn, dbname=scratch.conn.info.dbname))
    with tempfile.TemporaryDirectory() as folder:
        pile, rendered = Path(folder, "exports"), Path(folder, "rendered")
        pile.mkdir()
        rendered.mkdir()
        say(f"making {games} games")
        write_games(pile, games)
        count = _render(pile, rendered)
        say(f"{count:,} rows")
        ways: dict[str, list[Pass]] = {}

        def run(name: str, way: Callable[[], None]) -> None:
            with _measured(ways.setdefault(name, [])):
                way()

        for number in range(rounds):
            for jobs in (1, 2):
                tenant = _tenant(scratch, f"copy-{number}-{jobs}")
                run(f"\\copy, {jobs}", lambda tenant=tenant, jobs=jobs: _copy(own, rendered, tenant, jobs))  # type: ignore[misc]
                slug = f"load-{number}-{jobs}"
                _tenant(scratch, slug)
                run(f"load, {jobs}", lambda slug=slug, jobs=jobs: _load(own, slug, pile, jobs))  # type: ignore[misc]
                run(f"again, {jobs}", lambda slug=slug, jobs=jobs: _load(own, slug, pile, jobs))  # type: ignore[misc]
                for table in copytext.COLUMNS:
                    settle(scratch.conn, f"contest.{table}")
            say(f"round {number + 1} of {rounds}")
    results = []
    for jobs in (1, 2):
        best = ways[f"\\copy, {jobs}"]
        results.append(_result(f"\\copy of {count:,} rendered rows", jobs, best, best, count, None))
        results.append(_result("load of the exports", jobs, ways[f"load, {jobs}"], best, count, BARS[jobs]))
        loaded = ways[f"load, {jobs}"]
        results.append(_result("the same again, beside load", jobs, ways[f"again, {jobs}"], loaded, count, AGAIN))
    return results


def _result(what: str, jobs: int, own: list[Pass], other: list[Pass], rows: int, bar: float | None) -> Result:
    seconds = [each.seconds for each in own]
    ratio = median(theirs.seconds / ours.seconds for ours, theirs in zip(own, other, strict=True))
    said = f"{what}: {median(seconds):.2f} s, {median(each.cpu for each in own):.2f} s of CPU here"
    said += f", {max(each.megabytes for each in own):.0f} MB"
    middle = median(seconds) * 1000
    return Result(said, jobs, rows / median(seconds), middle, max(seconds) * 1000, None if own is other else ratio, bar)


@contextmanager
def _measured(passes: list[Pass]) -> Iterator[None]:
    """The time that passes, and what processes of ours used meanwhile; the server's share is not in it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    yield
    seconds = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    passes.append(Pass(seconds, cpu, after.ru_maxrss / 1024))


def _tenant(scratch: Scratch, slug: str) -> str:
    return str(value(scratch.conn, "select core.create_tenant(%s, %s, 'league')", [slug, slug]))


def _load(server: Server, slug: str, pile: Path, jobs: int) -> None:
    total = load(server, slug, (str(pile),), jobs=jobs)
    if not total.is_well:
        raise StanchionError(f"The games to measure with were not loaded: {dict(total.outcomes)}.")


def _render(pile: Path, rendered: Path) -> int:
    """Whole rows of two halves of the games, as COPY reads them; the tenant is put in later."""
    rows = 0
    for half in (0, 1):
        for table in copytext.COLUMNS:
            (rendered / f"{table}.{half}").write_text("")
    for number, document in enumerate(documents([str(pile)])):
        for game in read(document):
            day = game.exported_at.date() if game.exported_at else None
            for table, text in copytext.tables(game):
                lines = text.splitlines(keepends=True)
                rows += len(lines)
                with (rendered / f"{table}.{number % 2}").open("a") as file:
                    file.writelines(f"TENANT\t{day}\t{game.game_key}\t{line}" for line in lines)
    return rows


def _copy(server: Server, rendered: Path, tenant: str, jobs: int) -> None:
    psql = shutil.which(str(find_binaries() / "psql")) or shutil.which("psql")
    if psql is None:
        raise StanchionError("There is no psql here; install Postgres's client programs.")
    variables = {key: text for key, text in os.environ.items() if not key.startswith("PG")} | server.environment()
    sessions: list[list[str]] = [[] for _ in range(jobs)]
    for half in (0, 1):
        for table, columns in copytext.COLUMNS.items():
            listed = ", ".join(("tenant_id", "played_on", "game_key", *columns))
            rows = f"sed s/^TENANT/{tenant}/ {rendered}/{table}.{half}"
            sessions[half % jobs].append(f"\\copy contest.{table} ({listed}) from program '{rows}'\n")
    running = []
    for commands in sessions:
        process = subprocess.Popen(
            [psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"],
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdin  # noqa: S101
        process.stdin.write("begin;\n" + "".join(commands) + "commit;\n")
        process.stdin.close()
        running.append(process)
    for process in running:
        said = process.stderr.read() if process.stderr else ""
        if process.wait():
            raise StanchionError(f"psql could not copy: {(said.strip().splitlines() or ['it said nothing'])[-1]}.")

"""Load and build a season from nothing, beside its box scores by DuckDB and polars over the same files.

The peers read the exports, not the workbooks: the rates are per game. They return the lines of the box scores and
nothing else. Stanchion also writes a database with policies, keys and the history of each document, and all other
marts, and tests them.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from stanchion.dev.bench.apart import Apart, run_apart
from stanchion.dev.bench.boxscores import PEERS, BoxScores, check, files_of, of_marts
from stanchion.dev.bench.compare import Result
from stanchion.dev.bench.scratch import Scratch, scratch_database
from stanchion.dev.sample.folder import write
from stanchion.errors import StanchionError
from stanchion.ingest.loading.run import load
from stanchion.marts import build
from stanchion.progress import Report
from stanchion.server.locate import Server

_REPORTED = 100  # games after which a line of progress is printed
OURS, NEXT = "Stanchion", "Stanchion, one more game"


@dataclass(frozen=True)
class Run:
    """One run of one way: the time of each step in seconds, and the CPU time and memory of its process."""

    games: int
    steps: dict[str, float]
    cpu: float
    megabytes: float

    @property
    def seconds(self) -> float:
        return sum(self.steps.values())


def measure(server: Server, *, games: int, rounds: int, report: Report) -> list[Result]:
    """Return the medians of the rounds, in which all ways take turns."""
    runs: dict[str, list[Run]] = {}
    with tempfile.TemporaryDirectory() as place:
        season, later = write_season(Path(place), games, report)
        folder = later.parent
        ways: dict[str, Callable[[], BoxScores]] = {OURS: partial(_ours, server, season, later, runs)}
        ways |= {name: partial(_theirs, name, folder, runs) for name in PEERS}
        for number in range(rounds):
            names = list(ways) if number % 2 == 0 else list(reversed(ways))
            found = {}
            for name in names:
                report(f"round {number + 1} of {rounds}: {name}")
                found[name] = ways[name]()
            for name in PEERS:
                cells = check(name, found[OURS], found[name], exported(folder))
                report(f"round {number + 1} of {rounds}: {cells:,} cells of {name} equal those of the marts")
    return _results(runs)


def write_season(place: Path, games: int, report: Report) -> tuple[list[Path], Path]:
    """Write the exports of a season, and return the folders of its games and the folder of one more game."""
    report(f"playing {games:,} games")
    played = count(1)

    def on_game(_: object) -> None:
        if (number := next(played)) % _REPORTED == 0:
            report(f"{number:,} games")

    write(place, games + 1, on_game=on_game)
    *season, later = sorted((place / "exports").iterdir())
    return season, later


def exported(folder: Path) -> set[str]:
    """Return the games of which the peers can read an export."""
    return {file.parent.name for file in files_of(folder)[0]}


def _ours(server: Server, season: list[Path], later: Path, runs: dict[str, list[Run]]) -> BoxScores:
    """Deploy to an empty database, load and build the season, then one more game."""
    started = time.monotonic()
    with scratch_database(server) as scratch:
        deployed = time.monotonic() - started
        done = run_apart("Building the season", partial(add_games, scratch, season))
        runs.setdefault(OURS, []).append(_run(len(season), {"deploy": deployed} | done.result, done))
        done = run_apart("Building one more game", partial(add_games, scratch, [later]))
        runs.setdefault(NEXT, []).append(_run(1, done.result, done))
        return of_marts(scratch.conn, scratch.tenant)


def add_games(scratch: Scratch, folders: list[Path]) -> dict[str, float]:
    """Load folders and build the marts, and return the seconds of both steps."""
    started = time.monotonic()
    loaded = load(scratch.server, "bench", tuple(map(str, folders)), jobs=min(4, os.cpu_count() or 1))
    if not loaded.is_clean:
        raise StanchionError(f"the games could not be loaded ({dict(loaded.outcomes)}).")
    finished = time.monotonic()
    if failed := build(scratch.server).failed:
        raise StanchionError(f"{failed[0].name} was not built ({failed[0].message}).")
    return {"load": finished - started, "build": time.monotonic() - finished}


def _theirs(name: str, folder: Path, runs: dict[str, list[Run]]) -> BoxScores:
    done = run_apart(name, partial(PEERS[name], folder))
    lines = done.result
    runs.setdefault(name, []).append(_run(len(lines.games), {"read and aggregate": lines.seconds}, done))
    return lines


def _run(games: int, steps: dict[str, float], done: Apart[Any]) -> Run:
    return Run(games, steps, done.cpu, done.megabytes)


def _results(runs: dict[str, list[Run]]) -> list[Result]:
    """Return one line per way. Peers are compared with the season, and one more game with reading all files again."""
    season = runs[OURS]
    results = [_result("from nothing", season, None)]
    for name in PEERS:
        ratio = _ratio(runs[name], season, lambda run: run.games / run.seconds)
        results.append(_result(f"box scores by {name}", runs[name], ratio, name, "from nothing"))
    results.append(_result("one more game", runs[NEXT], None))
    for name in PEERS:
        ratio = _ratio(runs[name], runs[NEXT], lambda run: 1 / run.seconds)
        what = f"box scores by {name}, all files again for one more game"
        results.append(_result(what, runs[name], ratio, name, "one more game"))
    return results


def _ratio(theirs: list[Run], ours: list[Run], rate: Callable[[Run], float]) -> float:
    return median(rate(their) / rate(our) for their, our in zip(theirs, ours, strict=True))


def _result(what: str, runs: list[Run], ratio: float | None, peer: str | None = None, task: str = "") -> Result:
    steps = ", ".join(f"{step} {median(run.steps[step] for run in runs):.1f} s" for step in runs[0].steps)
    cpu, megabytes = median(run.cpu for run in runs), max(run.megabytes for run in runs)
    used = f"{cpu:.1f} s of CPU and {megabytes:.0f} MB in the client"
    used += " (without the deploy)" if "deploy" in runs[0].steps else ""
    seconds = [run.seconds for run in runs]
    games = f"{runs[0].games:,} games " if runs[0].games > 1 else ""
    rate = median(run.games / run.seconds for run in runs)
    text, middle, most = f"{games}{what}: {steps}; {used}", 1000 * median(seconds), 1000 * max(seconds)
    return Result(text, 1, rate, middle, most, ratio, None, peer, task)

"""Measure the CPU time of ways to do the same, which take turns."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from statistics import median, quantiles

from python_calamine import CalamineWorkbook

from stanchion.dev.bench.compare import Result
from stanchion.dev.sample.files import workbook
from stanchion.dev.sample.league import play
from stanchion.ingest.reading.recognise import read
from stanchion.ingest.reading.sources import from_bytes
from stanchion.progress import Report
from stanchion.server.locate import Server

_WORKBOOKS = 8  # per round, each of another game
_STARTS = 5  # per round
_PROGRAM = "from stanchion.cli.start import main; main()"


@dataclass(frozen=True)
class Way:
    """A way to do something. It returns the CPU time of each repetition, in seconds."""

    name: str
    work: Callable[[], list[float]]
    bar: float | None = None  # least ratio to the rate of the first way


def compare_cpu(ways: list[Way], rounds: int, report: Report) -> list[Result]:
    """Run every way once per round, in alternating order. The others are compared with the first one."""
    taken: dict[str, list[list[float]]] = {way.name: [] for way in ways}
    for number in range(rounds):
        for way in ways if number % 2 == 0 else reversed(ways):
            taken[way.name].append(way.work())
        report(f"round {number + 1} of {rounds}")
    first = taken[ways[0].name]
    return [_result(way, taken[way.name], first) for way in ways]


def _result(way: Way, own: list[list[float]], first: list[list[float]]) -> Result:
    every = [seconds for each in own for seconds in each]
    middle = median(every)
    ratio = median(median(theirs) / median(ours) for ours, theirs in zip(own, first, strict=True))
    return Result(
        f"{way.name}, CPU time",
        1,
        1 / middle,
        middle * 1000,
        quantiles(every, n=20)[18] * 1000,
        None if own is first else ratio,
        way.bar,
    )


def measure_start(server: Server, rounds: int, report: Report) -> list[Result]:
    """Measure the start of commands beside that of Python."""
    variables = {key: text for key, text in os.environ.items() if not key.startswith("PG")} | server.environment()
    variables.pop("DATABASE_URL", None)
    commands = {"python -c pass": ["pass"]}
    commands |= {f"stanchion {name}": [_PROGRAM, name] for name in ("--version", "--help", "status")}
    bars = {"stanchion --version": 0.4}
    ways = [Way(name, partial(_starts, argv, variables), bars.get(name)) for name, argv in commands.items()]
    return compare_cpu(ways, rounds, report)


def _starts(arguments: list[str], variables: Mapping[str, str]) -> list[float]:
    taken = []
    for _ in range(_STARTS):
        process = subprocess.Popen(
            [sys.executable, "-c", *arguments],
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)  # so that it is not waited for again
        taken.append(used.ru_utime + used.ru_stime)
    return taken


def measure_workbooks(rounds: int, report: Report) -> list[Result]:
    """Measure the reading of workbooks beside a library that returns their cells without any check."""
    report(f"making {_WORKBOOKS} workbooks")
    books = [workbook(game) for game in play(1, 500_001, _WORKBOOKS)]
    ways = [
        Way("sheets as lists of cells by python-calamine", partial(_each, books, _unpack)),
        Way("games with rows, hash and flags by Stanchion", partial(_each, books, _read), bar=0.6),
    ]
    return compare_cpu(ways, rounds, report)


def _each(books: list[bytes], work: Callable[[bytes], None]) -> list[float]:
    taken = []
    for book in books:
        started = time.process_time()
        work(book)
        taken.append(time.process_time() - started)
    return taken


def _unpack(book: bytes) -> None:
    opened = CalamineWorkbook.from_filelike(io.BytesIO(book))
    for name in opened.sheet_names:
        opened.get_sheet_by_name(name).to_python(skip_empty_area=False)


def _read(book: bytes) -> None:
    for _ in read(from_bytes("book.xlsx", book)):
        pass

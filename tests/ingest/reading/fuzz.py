"""Fuzz the reader of one format: damage the documents of invented games, and read them as the loader does.

    python -m tests.ingest.reading.fuzz FORMAT|all --minutes N [--seed S] [--examples N]

An example is the result of its seed alone. The reader fails with an example when it raises anything but
UnreadableError, when the games do not add up or cannot be stored, when the archived document of a game is read as
another game, or when the memory of the process grows by more than GROWTH. The command then prints the seed, and
`--seed S --examples 1` repeats the example.
"""

import argparse
import functools
import itertools
import json
import random
import re
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec

from stanchion.dev.sample import hockeytech, nhl_api_web, nhl_statsapi
from stanchion.dev.sample.book import book_game
from stanchion.dev.sample.event_shifts import shifts_csv
from stanchion.dev.sample.files import as_json, event_csv, export, roster, workbook
from stanchion.dev.sample.games import Game as PlayedGame
from stanchion.dev.sample.hockey_scraper import hockey_scraper_csv
from stanchion.dev.sample.mapped import event_csv_like_2022, tracking_csv
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.jsontext import without_callback
from stanchion.ingest.reading.mapping.formats import format_of
from stanchion.ingest.reading.mapping.yamlfile import read_mapping
from stanchion.ingest.reading.model import Game, Part, Parts
from stanchion.ingest.reading.parts import merge_parts
from stanchion.ingest.reading.recognise import Format, read
from stanchion.ingest.reading.sources import from_bytes
from stanchion.paths import ROOT
from tests.ingest.reading.damage import damaged
from tests.ingest.reading.helpers import assert_adds_up, assert_storable

GROWTH = 300 * 2**20  # bytes by which the memory of the process may grow over that of its first examples
LONGEST_MESSAGE = 1500  # characters
_GAMES = 8  # invented games per format
_WARM_UP = 300  # examples that fill the caches
_WHOLE = 0.06  # share of files that are whole; the others are short, because many more of these are read in a second
_KEPT = (8, 50)  # pieces of a list that a short file has whole; 50 of a roster
_ROWS = 20  # rows of a short file, or pieces of a list that is cut

File = tuple[str, bytes]  # path and content


@dataclass(frozen=True)
class Subject:
    """A reader to fuzz: it writes the files of an invented game, and reads them with the added formats."""

    files: Callable[[int], list[File]]
    added: tuple[Format, ...] = ()


def _trees(name: str, *trees: object) -> list[File]:
    return [(name, as_json(tree)) for tree in trees]


def _api_web(number: int) -> list[File]:
    game, write = book_game(number), nhl_api_web
    trees = (write.play_by_play(game), write.boxscore(game), write.shiftcharts(game))
    return _trees("2024020001.json", *trees)


def _game_export(number: int) -> list[File]:
    """Return the export or the backup of a game, or its workbook, and the roster."""
    game = PlayedGame(number)
    written = workbook(game) if number % 8 == 7 else as_json(export(game, backup=number % 4 == 1))
    return [("game", written), ("roster.json", as_json(roster(game)))]


def _hockeytech(number: int) -> list[File]:
    game = book_game(number)
    if number % 4:
        return list(hockeytech.files(game).items())
    return [(f"{hockeytech.game_id(game)}.jsonl", hockeytech.line(game))]


def _event_csv(number: int) -> list[File]:
    game, year = PlayedGame(number), (2024, 2025)[number % 2]
    day = "2026-02-08"
    return [("events.csv", event_csv([game], day, year)), ("shifts.csv", shifts_csv([game], day, year))]


def _mapped(number: int) -> list[File]:
    games = [book_game(number), book_game(number + 1)]
    return [("a.csv", tracking_csv(games)), ("b.csv", event_csv_like_2022(games))]


def _mappings() -> tuple[Format, ...]:
    paths = sorted((ROOT / "docs" / "formats" / "mappings").glob("*.yaml"))
    return tuple(format_of(read_mapping(path.read_bytes(), path.name)) for path in paths)


SUBJECTS = {
    "event-csv": Subject(_event_csv),
    "game-export": Subject(_game_export),
    "hockey-scraper": Subject(
        lambda number: [("games.csv", hockey_scraper_csv([book_game(number), book_game(number + 1)]))]
    ),
    "hockeytech": Subject(_hockeytech),
    "mappings": Subject(_mapped, _mappings()),
    "nhl-api-web": Subject(_api_web),
    "nhl-statsapi": Subject(lambda number: _trees("feed.json", nhl_statsapi.feed_live(book_game(number)))),
}


@dataclass
class Tally:
    """What the examples of one format came to."""

    examples: int = 0
    games: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: dict[str, tuple[int, Exception]] = field(default_factory=dict)  # seed and error by place in the code
    seconds: float = 0.0
    slowest: tuple[float, int] = (0.0, 0)  # seconds and seed
    first_bytes: int = 0  # peak of the memory in the first examples
    peak_bytes: int = 0

    def __str__(self) -> str:
        rate = self.examples / max(self.seconds, 1e-9)
        return (
            f"{self.examples:,} examples in {self.seconds:.0f} s ({rate:.0f} per second), "
            f"{self.games:,} games, {len(self.outcomes)} distinct outcomes, {len(self.failures)} distinct failures, "
            f"slowest {self.slowest[0]:.2f} s (seed {self.slowest[1]}), memory at most {_mb(self.first_bytes)} MB in "
            f"the first {_WARM_UP} examples and {_mb(self.peak_bytes)} MB in all"
        )

    def add(self, found: list[str]) -> None:
        """Count the outcomes of one example. Raises AssertionError when the memory has grown over the bound."""
        self.examples += 1
        self.outcomes.update(found)
        self.games += found.count("game")
        self.peak_bytes = _peak_bytes()
        if self.examples <= _WARM_UP:
            self.first_bytes = self.peak_bytes
        elif self.peak_bytes > self.first_bytes + GROWTH:
            raise AssertionError(f"the memory grew from {_mb(self.first_bytes)} to {_mb(self.peak_bytes)} MB")


def fuzz(name: str, seed: int = 0, examples: int | None = None, seconds: float | None = None) -> Tally:
    """Read the examples of one format, from this seed on, for a number of examples or for a time."""
    tally = Tally()
    started = time.monotonic()
    for number in itertools.count(seed):
        before = time.monotonic()
        tally.seconds = before - started
        if number - seed == examples or (seconds is not None and tally.seconds >= seconds):
            break
        try:
            tally.add(outcomes(SUBJECTS[name], number))
        except Exception as error:
            tally.failures.setdefault(_place(error), (number, error))
        tally.slowest = max(tally.slowest, (time.monotonic() - before, number))
    return tally


def _place(error: Exception) -> str:
    """Return the type of an error and the line of code that raised it, to report each failure once."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {frame.filename}, line {frame.lineno}"


def outcomes(subject: Subject, seed: int) -> list[str]:
    """Read the example of a seed, check its games, and return the outcomes, such as flags and reasons."""
    rng = random.Random(seed)
    games, waiting, found = _read(subject, example(subject, rng))
    for (format_name, game_key), parts in waiting.items():
        game_key.encode()
        assert "\x00" not in game_key
        try:
            game = merge_parts(format_name, game_key, parts)
        except UnreadableError as error:
            found.append(_reason(error))
            continue
        rng.shuffle(parts)
        assert _plain(merge_parts(format_name, game_key, parts)) == _plain(game), "the order of parts matters"
        games.append(game)
    for game in games:
        found += _checked(game)
    return found


def _read(subject: Subject, files: list[File]) -> tuple[list[Game], dict[tuple[str, str], list[Part]], list[str]]:
    """Read files to their end. Returns the games, the parts of others by format and game, and what is unreadable."""
    games: list[Game] = []
    waiting: dict[tuple[str, str], list[Part]] = {}
    reasons: list[str] = []
    for path, data in files:
        try:
            for piece in read(from_bytes(path, data), subject.added):
                if isinstance(piece, Parts):
                    waiting.setdefault((piece.format, piece.game_key), []).extend(piece.parts)
                else:
                    games.append(piece)
        except UnreadableError as error:
            reasons.append(_reason(error))
    return games, waiting, reasons


def _checked(game: Game) -> list[str]:
    """Check a game and its archived document. Returns the outcomes of the game."""
    assert_storable(game)
    assert_adds_up(game)
    (again,) = read(from_bytes("an archive", game.document))
    assert _plain(again) == _plain(game), "the archived document is another game"
    reasons = [reject.reason for reject in game.rejects]
    return ["game", *game.flags, *(_without_numbers(reason) for reason in reasons)]


def example(subject: Subject, rng: random.Random) -> list[File]:
    """Return the files of an invented game, of which one or more are damaged; sometimes its archived document."""
    number = rng.randrange(_GAMES)
    files = _files(subject.files, number)
    files = [(path, data if rng.random() < _WHOLE else _short(data, rng)) for path, data in files]
    if rng.random() < 0.1:
        files = _archived(subject, files) or files
    hit = rng.randrange(len(files))
    return [
        (path, damaged(data, rng.getrandbits(64)) if place == hit or rng.random() < 0.3 else data)
        for place, (path, data) in enumerate(files)
    ]


@functools.cache
def _files(write: Callable[[int], list[File]], number: int) -> list[File]:
    return write(number)


def _archived(subject: Subject, files: list[File]) -> list[File]:
    """Return the archived documents of the games in the files."""
    games, waiting, _ = _read(subject, files)
    for (format_name, game_key), parts in waiting.items():
        with suppress(UnreadableError):
            games.append(merge_parts(format_name, game_key, parts))
    return [("an archive", game.document) for game in games]


def _short(data: bytes, rng: random.Random) -> bytes:
    """Return a file with some of its rows, or of the pieces of each long list, in their order."""
    if data.startswith(b"PK"):
        return data
    inner = without_callback(data)
    if inner[:1] in b"{[":
        tree = _short_tree(json.loads(inner), rng.choice(_KEPT), rng)
        return data.replace(inner, json.dumps(tree).encode())
    header, *rows = data.splitlines(keepends=True)
    return header + b"".join(row for row in rows if rng.random() < _ROWS / len(rows))


def _short_tree(piece: Any, longest: int, rng: random.Random) -> Any:
    if isinstance(piece, list):
        kept: Iterable[int] = range(len(piece))
        if len(piece) > longest:
            kept = sorted(rng.sample(kept, rng.randint(1, min(_ROWS, longest))))
        return [_short_tree(piece[place], longest, rng) for place in kept]
    if isinstance(piece, dict):
        share = 1 if len(piece) <= max(_KEPT) else _ROWS / len(piece)
        return {key: _short_tree(value, longest, rng) for key, value in piece.items() if rng.random() < share}
    return piece


def _plain(game: Game) -> object:
    return msgspec.to_builtins(game)


def _reason(error: UnreadableError) -> str:
    assert len(str(error)) < LONGEST_MESSAGE, str(error)
    return "unreadable: " + _without_numbers(str(error))


def _without_numbers(text: str) -> str:
    return re.sub(r"\d+", "N", text)


def _mb(size: int) -> int:
    return round(size / 2**20)


def _peak_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Fuzz the reader of one format, or each in turn.")
    parser.add_argument("format", choices=["all", *SUBJECTS])
    parser.add_argument("--minutes", type=float, help="time for each format (default: 1 without --examples)")
    parser.add_argument("--examples", type=int, help="number of examples for each format")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first example (default: 0)")
    parser.add_argument("--outcomes", action="store_true", help="print each distinct outcome and its number")
    given = parser.parse_args()
    minutes = given.minutes or (None if given.examples else 1)
    failed = False
    for name in SUBJECTS if given.format == "all" else [given.format]:
        tally = fuzz(name, given.seed, given.examples, minutes * 60 if minutes else None)
        sys.stdout.write(f"{name}: {tally}\n")
        if given.outcomes:
            sys.stdout.writelines(f"{count:9,} {outcome}\n" for outcome, count in tally.outcomes.most_common())
        for place, (seed, error) in tally.failures.items():
            failed = True
            sys.stdout.write(f"\n{place}: python -m tests.ingest.reading.fuzz {name} --examples 1 --seed {seed}\n")
            sys.stdout.writelines(traceback.format_exception(error))
        sys.stdout.flush()
    sys.exit(failed)


if __name__ == "__main__":
    main()

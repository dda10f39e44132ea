"""Merge the documents of one game that arrive in one load.

A load stores the parts of such documents while it reads, and merges each game once, when it has read everything. The
game is a function of the set of its merged parts, whatever the order of their arrival and whichever load merges them.
A load that is killed leaves parts that no game contains; the next load of their documents merges them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import TypeVar

from stanchion.ingest.loading.record import Counts, FileResult, Origin, counts, file_result
from stanchion.ingest.loading.store import NO_DATE, Arrival, GameResult
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.model import Game, Part
from stanchion.ingest.reading.parts import merge_parts, part_hash

Name = tuple[str, bytes]  # kind and hash of a part
T = TypeVar("T")

_UNUSED = "The game has a larger document of the same kind, which is used instead. An operator can publish this one."


@dataclass(frozen=True, slots=True)
class PartDocument:
    """A document with parts of a game, which is merged with them when the load has read everything."""

    origin: Origin
    game_key: str
    format: str
    parts: tuple[Name, ...]


@dataclass(frozen=True)
class Options:
    """Options of a load that every game arrives with."""

    given_on: date | None = None
    accept_shrink: bool = False


@dataclass(frozen=True)
class Merged:
    """The result of a game for one of its documents."""

    document: PartDocument
    game: Game
    result: GameResult
    is_counted: bool  # the counts and rejects of the game belong to this document

    @property
    def file_result(self) -> FileResult:
        counted = counts(self.game, self.result) if self.is_counted else Counts()
        return file_result(self.document.origin, self.document.game_key, self.result, counted)


def names_of(parts: Iterable[Part]) -> tuple[Name, ...]:
    """Return the name of each part."""
    return tuple((part.kind, part_hash(part)) for part in parts)


def by_game(documents: Iterable[PartDocument]) -> tuple[tuple[PartDocument, ...], ...]:
    """Return the documents of each game, in the order of the files."""
    games: dict[tuple[str, str], list[PartDocument]] = {}
    for document in sorted(documents, key=_position):
        games.setdefault((document.game_key, document.format), []).append(document)
    return tuple(tuple(each) for each in games.values())


def merge(
    documents: Sequence[PartDocument],
    best: Sequence[Part],
    added: set[Name],
    find: Callable[[PartDocument], Iterable[Part]],
    options: Options,
    apply: Callable[[Arrival], GameResult],
) -> list[Merged]:
    """Merge a game after its documents added some parts, and apply it. Return the result for each document.

    `best` are the parts that the game is merged from. A document whose new parts are all smaller than these is merged
    with its own instead. That is not the last merge, so it is archived, and an operator can publish it. Raises
    UnreadableError before anything is applied when the documents cannot be merged.
    """
    used, smaller, repeated = _divide(documents, set(names_of(best)), added)
    main = _merge(documents[0], best) if used else None
    others = [(each, _merge(each, {part.kind: part for part in (*best, *find(each))}.values())) for each in smaller]
    found: list[Merged] = []
    if main:
        result = apply(Arrival(main, options.given_on, options.accept_shrink))
        found.append(Merged(used[0], main, result, result.outcome != "unchanged"))
        found += [Merged(each, main, replace(result, rows=0), is_counted=False) for each in used[1:]]
    for document, game in others:
        result = apply(Arrival(game, options.given_on, options.accept_shrink))
        if result.outcome in ("unchanged", "archived") and result.reason != NO_DATE:
            result = replace(result, outcome="archived", reason=_UNUSED)
        found.append(Merged(document, game, result, is_counted=False))
    last = found[0].game
    found += [Merged(each, last, GameResult("unchanged"), is_counted=False) for each in repeated]
    return sorted(found, key=lambda each: _position(each.document))


def one_by_one(
    documents: Sequence[PartDocument],
    attempt: Callable[[Sequence[PartDocument]], list[T]],
    refused: tuple[type[Exception], ...],
    refuse: Callable[[PartDocument, Exception], T],
) -> list[T]:
    """Attempt to merge a game with all documents, and when that is refused, with one after the other.

    A document that cannot be merged is thus rejected alone.
    """
    try:
        return attempt(documents)
    except refused as error:
        if len(documents) == 1:
            return [refuse(documents[0], error)]
    return [each for document in documents for each in one_by_one([document], attempt, refused, refuse)]


def _position(document: PartDocument) -> tuple[int, int]:
    return document.origin.file_no, document.origin.game_no


def _divide(
    documents: Sequence[PartDocument], best: set[Name], added: set[Name]
) -> tuple[list[PartDocument], list[PartDocument], list[PartDocument]]:
    """Return the documents with a part that is used, those with new parts that are not, and those with nothing new."""
    used: list[PartDocument] = []
    smaller: list[PartDocument] = []
    repeated: list[PartDocument] = []
    seen: set[Name] = set()
    for document in documents:
        fresh = set(document.parts) - seen
        seen |= fresh
        (used if fresh & best else smaller if fresh & added else repeated).append(document)
    if not used and not smaller:  # the load has options, or the game is in quarantine
        return repeated[:1], [], repeated[1:]
    return used, smaller, repeated


def _merge(document: PartDocument, parts: Iterable[Part]) -> Game:
    return _merged(document.format, document.game_key, tuple(parts))


@lru_cache(maxsize=2)
def _merged(format_name: str, game_key: str, parts: tuple[Part, ...]) -> Game:
    """Merge a game from parts. Raises UnreadableError on every failure, so that other documents are still loaded.

    The last games are kept, because a transaction is repeated after it has met a day without partitions.
    """
    try:
        return merge_parts(format_name, game_key, parts)
    except UnreadableError:
        raise
    except (MemoryError, RecursionError):
        raise UnreadableError("The documents of the game are too large or nested too deep to be merged.") from None
    except Exception as error:
        reason = f"The documents of the game could not be merged: unexpected error ({type(error).__name__})."
        raise UnreadableError(reason) from None

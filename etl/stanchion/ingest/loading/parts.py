"""Store the parts of games that several documents make together, and merge each game from its stored parts.

The caller holds the lock of the game, and stores the merged game in the same transaction. So the game is a function of
the set of its parts, whatever the order of their arrival and whichever loader process finds them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from stanchion.ingest.loading.store import NO_DATE, Arrival, GameResult
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.model import Game, Part, Parts
from stanchion.ingest.reading.parts import merge_parts, part_hash
from stanchion.paths import query
from stanchion.server.connection import Connection

_UNUSED = "The game has a larger document of the same kind, which is used instead. An operator can publish this one."


@dataclass(frozen=True)
class Counts:
    """Numbers of events and stints."""

    seen: int = 0
    accepted: int = 0
    ignored: int = 0

    def __sub__(self, other: Counts) -> Counts:
        return Counts(self.seen - other.seen, self.accepted - other.accepted, self.ignored - other.ignored)

    @property
    def rejected(self) -> int:
        return self.seen - self.accepted


def counts(game: Game, result: GameResult) -> Counts:
    """Count the events and stints of a game. Those in periods that the league does not play are not accepted."""
    accepted = len(game.events) + len(game.stints) + game.stints_ignored - len(result.left_out)
    return Counts(game.events_seen + game.stints_seen, accepted, game.stints_ignored)


@dataclass(frozen=True)
class Merge:
    """A game merged from its parts."""

    arrival: Arrival
    is_used: bool  # the document has a part that the game is merged from, or nothing new

    def result(self, result: GameResult) -> GameResult:
        """Return the result for the document: without a part that is used, it is archived."""
        if not self.is_used and result.outcome in ("unchanged", "archived") and result.reason != NO_DATE:
            return replace(result, outcome="archived", reason=_UNUSED)
        return result


def known_revision(conn: Connection, key: dict[str, Any], parts: Parts) -> bytes | None:
    """Return the content hash of the game when all parts are stored; None also when the game is in quarantine.

    No lock is needed, because parts are stored together with the game merged from them and never removed.
    """
    row = conn.execute(query("ingest/loading", "known_parts"), key | _names(parts)).fetchone()
    return row[0] if row and row[1] != "quarantined" else None


def merge_stored(
    conn: Connection, key: dict[str, Any], load_id: int, parts: Parts, given_on: date | None, accept_shrink: bool
) -> Merge:
    """Store the parts, and merge the game from all its stored parts. Raises UnreadableError when that fails."""
    columns = {
        "load": load_id,
        "sizes": [part.size for part in parts.parts],
        "documents": [zlib.compress(part.document, 1) for part in parts.parts],
    }
    added = conn.execute(query("ingest/loading", "put_parts"), key | _names(parts) | columns).fetchall()
    hashes = {(kind, bytes(part_hash)) for kind, part_hash in added}
    return merge(parts, stored_parts(conn, key, parts.format), hashes, given_on, accept_shrink)


def stored_parts(conn: Connection, key: dict[str, Any], format_name: str) -> list[Part]:
    """Return the stored part of each kind that the game is merged from."""
    rows = conn.execute(query("ingest/loading", "best_parts"), key | {"format": format_name})
    return [Part(kind, size, zlib.decompress(document)) for kind, size, document in rows]


def stored_hashes(conn: Connection, key: dict[str, Any], format_name: str) -> set[tuple[str, bytes]]:
    """Return the kind and the hash of every stored part of a game."""
    rows = conn.execute(query("ingest/loading", "part_hashes"), key | {"format": format_name})
    return {(kind, bytes(part_hash)) for kind, part_hash in rows}


def hashes_of(parts: Iterable[Part]) -> set[tuple[str, bytes]]:
    """Return the kind and the hash of each part."""
    return {(part.kind, part_hash(part)) for part in parts}


def merge(
    parts: Parts, best: list[Part], added: set[tuple[str, bytes]], given_on: date | None, accept_shrink: bool
) -> Merge:
    """Merge a game from its best parts after a document added some.

    When the document added only parts that are not among the best, the game is merged with these instead of the best of
    their kinds. It is then not the last merge, so it is archived, and an operator can publish it.
    """
    is_used = not added or bool(added & hashes_of(best))
    found = best if is_used else list({part.kind: part for part in (*best, *parts.parts)}.values())
    return Merge(Arrival(_merge(parts, found), given_on, accept_shrink), is_used)


def _merge(parts: Parts, found: Iterable[Part]) -> Game:
    """Merge a game from parts. Raises UnreadableError on every failure, so that other documents are still loaded."""
    try:
        return merge_parts(parts.format, parts.game_key, found)
    except UnreadableError:
        raise
    except (MemoryError, RecursionError):
        raise UnreadableError("The documents of the game are too large or nested too deep to be merged.") from None
    except Exception as error:
        reason = f"The documents of the game could not be merged: unexpected error ({type(error).__name__})."
        raise UnreadableError(reason) from None


def counted_before(conn: Connection, values: dict[str, Any]) -> Counts:
    """Return the counts of the game that this load has recorded for earlier documents of it."""
    row = conn.execute(query("ingest/loading", "counted"), values).fetchone()
    return Counts(*row) if row else Counts()


def _names(parts: Parts) -> dict[str, Any]:
    return {
        "format": parts.format,
        "kinds": [part.kind for part in parts.parts],
        "part_hashes": [part_hash(part) for part in parts.parts],
    }

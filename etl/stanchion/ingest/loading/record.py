"""Write the results of a load: a row for each game of a file, and its rejects."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from stanchion.ingest.loading.keys import storable
from stanchion.ingest.loading.store import GameResult, Store, raw_json
from stanchion.ingest.reading.model import Game, Reject
from stanchion.paths import query
from stanchion.server.connection import Connection


@dataclass(frozen=True)
class FileResult:
    """The result of one game of a file, or of a file without games.

    Of the documents that make a game together, one has its counts.
    """

    path: str
    outcome: str
    reason: str | None = None
    game: str | None = None
    rows: int = 0
    seen: int = 0
    accepted: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Origin:
    """The file that a game comes from, and its position in the load."""

    file_no: int
    game_no: int
    path: str
    size: int
    fingerprint: bytes | None


@dataclass(frozen=True)
class Counts:
    """Numbers of events and stints."""

    seen: int = 0
    accepted: int = 0
    ignored: int = 0

    @property
    def rejected(self) -> int:
        return self.seen - self.accepted


def counts(game: Game, result: GameResult) -> Counts:
    """Count the events and stints of a game. Those in periods that the league does not play are not accepted."""
    accepted = len(game.events) + len(game.stints) + game.stints_ignored - len(result.left_out)
    return Counts(game.events_seen + game.stints_seen, accepted, game.stints_ignored)


def file_result(origin: Origin, game_key: str, result: GameResult, counted: Counts) -> FileResult:
    """Return the result of a file with one game."""
    return FileResult(
        origin.path,
        result.outcome,
        result.reason,
        game_key,
        result.rows,
        counted.seen,
        counted.accepted,
        counted.rejected,
    )


@dataclass(frozen=True)
class Recorder:
    """Writes the results of one load."""

    store: Store

    def game(
        self, conn: Connection, origin: Origin, game: Game, result: GameResult, *, is_counted: bool = True
    ) -> None:
        """Write the result of a game, with its counts and rejects unless another document of it has them."""
        counted = counts(game, result) if is_counted else Counts()
        values = self.file(origin, result.outcome, result.reason) | {
            "format": game.format,
            "game": game.game_key,
            "hash": game.content_hash,
            "seen": counted.seen,
            "accepted": counted.accepted,
            "rejected": counted.rejected,
            "ignored": counted.ignored,
        }
        conn.execute(query("ingest/loading", "put_file"), values)
        if is_counted and result.outcome != "unchanged":
            self._rejects(conn, values, game.rejects + result.left_out)

    def known(self, conn: Connection, origin: Origin, names: dict[str, Any]) -> None:
        """Write that a document changes nothing, so that the next load need not read it."""
        if origin.fingerprint:
            conn.execute(query("ingest/loading", "put_file"), self.file(origin, "unchanged", None) | names)

    def reject(self, origin: Origin, reason: str, *, game: tuple[str, str] | None = None, seen: int = 0) -> FileResult:
        """Write that a file, or the game of this format and id in it, was rejected with everything seen in it."""
        if game:
            origin = replace(origin, fingerprint=None)
        names = {"format": storable(game[0]), "game": storable(game[1])} if game else {}
        values = self.file(origin, "rejected", reason) | names | {"seen": seen, "rejected": seen}
        if self.store.load_id:
            with self.store.session.transaction() as conn:
                conn.execute(query("ingest/loading", "put_file"), values)
                self._rejects(conn, values, (Reject("file", None, reason, None),))
        return FileResult(origin.path, "rejected", reason, values["game"], 0, seen, 0, seen)

    def file(self, origin: Origin, outcome: str, reason: str | None) -> dict[str, Any]:
        """Return the columns of landing.file for a file without games."""
        return {
            "tenant": self.store.tenant,
            "load": self.store.load_id,
            "file_no": origin.file_no,
            "game_no": origin.game_no,
            "path": origin.path,
            "format": None,
            "bytes": origin.size,
            "fingerprint": origin.fingerprint,
            "outcome": outcome,
            "reason": reason,
            "game": None,
            "hash": None,
            "seen": 0,
            "accepted": 0,
            "rejected": 0,
            "ignored": 0,
        }

    def _rejects(self, conn: Connection, values: dict[str, Any], rejects: tuple[Reject, ...]) -> None:
        if rejects:
            lists = {
                "parts": [reject.part for reject in rejects],
                "positions": [reject.position for reject in rejects],
                "reasons": [storable(reject.reason) for reject in rejects],
                "raws": [raw_json(reject) for reject in rejects],
            }
            conn.execute(query("ingest/loading", "put_rejects"), values | lists)

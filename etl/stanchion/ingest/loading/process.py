"""A loader process: loads its share of the files, and sends the result of each file to the main process.

Every loader process iterates over the whole list of documents and loads the chunks whose numbers it draws from a shared
counter. Documents are not passed between processes, because a document within an archive cannot be passed.
"""

from __future__ import annotations

import gc
import io
import pickle
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from multiprocessing.connection import Connection as Pipe
from typing import Any

import psycopg

from stanchion.errors import StanchionError
from stanchion.ingest.loading.dry_run import DryRun
from stanchion.ingest.loading.fingerprint import fingerprint
from stanchion.ingest.loading.keys import storable
from stanchion.ingest.loading.plan import UnknownDayError
from stanchion.ingest.loading.session import act_as_loader
from stanchion.ingest.loading.store import Arrival, GameResult, Store, raw_json
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.model import Game, Reject
from stanchion.ingest.reading.recognise import read
from stanchion.ingest.reading.sources import Document, documents
from stanchion.paths import query
from stanchion.server.connection import Connection, connect
from stanchion.server.locate import Server

CHUNK = 4  # documents drawn at once; small, so that even a few games are shared by all loader processes
_WHOLE = 64 * 2**20  # bytes of the largest document that gets a fingerprint


@dataclass(frozen=True)
class Task:
    """The files to load and the options; the same for every loader process of a load."""

    server: Server
    tenant: str
    paths: tuple[str, ...]
    load_id: int
    given_on: date | None
    accept_shrink: bool
    dry_run: bool
    piped: bytes | None = None  # standard input, which a forked process cannot read


@dataclass(frozen=True)
class FileResult:
    """The result of one game of a file, or of a file without games."""

    path: str
    outcome: str
    reason: str | None = None
    game: str | None = None
    rows: int = 0
    seen: int = 0
    accepted: int = 0
    rejected: int = 0


def run_process(task: Task, next_chunk: Any, stop: Any, pipe: Pipe) -> None:
    """Load chunks until none is left or `stop` is set. Send None at the end, or the error that ended it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the main process sets `stop`
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if task.piped is not None:
        sys.stdin = io.TextIOWrapper(io.BytesIO(task.piped))
    try:
        with connect(task.server) as conn:
            gc.freeze()
            _Loader(task, conn, next_chunk, stop, pipe).run()
        pipe.send(None)
    except BrokenPipeError:
        return  # the main process is gone
    except Exception as e:
        pipe.send(
            e if _can_be_sent(e) else StanchionError(f"A loader process failed with an unexpected {type(e).__name__}.")
        )
    finally:
        pipe.close()


class _Loader:
    def __init__(self, task: Task, conn: Connection, next_chunk: Any, stop: Any, pipe: Pipe) -> None:
        self.task, self.next_chunk, self.stop, self.pipe = task, next_chunk, stop, pipe
        session = act_as_loader(conn, task.tenant)
        self.session = session
        self.store = Store(session, task.load_id, session.settings())
        self.dry_run = DryRun(self.store) if task.dry_run else None
        if not task.dry_run:
            session.join_load(task.load_id)

    def run(self) -> None:
        mine = self._draw_chunk()
        chunk: list[tuple[int, Document]] = []
        for number, document in enumerate(documents(self.task.paths)):
            if self.stop.is_set():
                return
            if number // CHUNK < mine:
                continue
            chunk.append((number, document))
            if len(chunk) == CHUNK:
                self._load(chunk)
                chunk = []
                mine = self._draw_chunk()
        if chunk:
            self._load(chunk)

    def _draw_chunk(self) -> int:
        """Return the number of the next chunk that no loader process has drawn."""
        with self.next_chunk.get_lock():
            self.next_chunk.value += 1
            return int(self.next_chunk.value) - 1

    def _load(self, chunk: list[tuple[int, Document]]) -> None:
        prints = {number: self._fingerprint(document) for number, document in chunk}
        known = self._known([mark for mark, _ in prints.values() if mark])
        for number, document in chunk:
            if self.stop.is_set():
                return
            mark, size = prints[number]
            if mark in known:
                self._send(FileResult(storable(document.path), "unchanged"))
                continue
            for result in self._load_document(number, document, mark, size):
                self._send(result)
                if self.stop.is_set():
                    return

    def _send(self, result: FileResult) -> None:
        self.pipe.send(asdict(result))

    def _fingerprint(self, document: Document) -> tuple[bytes | None, int]:
        """Return the fingerprint and the size. A document over _WHOLE has none, because it would be read twice."""
        try:
            with document.open() as stream:
                data = stream.read(_WHOLE + 1)
        except UnreadableError:
            return None, 0
        if len(data) > _WHOLE:
            return None, len(data)
        return fingerprint(data, self.task.given_on, self.task.accept_shrink), len(data)

    def _known(self, marks: list[bytes]) -> set[bytes]:
        if not marks:
            return set()
        with self.session.transaction() as conn:
            values = {"tenant": self.store.tenant, "fingerprints": marks}
            found = conn.execute(query("ingest/loading", "known_fingerprints"), values)
            return {bytes(row[0]) for row in found}

    def _load_document(self, number: int, document: Document, mark: bytes | None, size: int) -> Iterator[FileResult]:
        games = read(document)
        count = 0
        while True:
            try:
                game = next(games, None)
            except UnreadableError as e:
                yield self._reject(number, count, document, size, str(e))
                return
            except (MemoryError, RecursionError):
                yield self._reject(
                    number, count, document, size, "The file is too large or nested too deep to be read."
                )
                return
            except Exception as e:
                # one file that crashes its reader must not stop the others
                reason = f"The reader failed with an unexpected error ({type(e).__name__})."
                yield self._reject(number, count, document, size, reason)
                return
            if game is None:
                break
            # the fingerprint is stored with one game, so a file that may have several games gets none
            only = mark if count == 0 and game.format != "event csv" else None
            yield self._load_game(_Origin(number, count, storable(document.path), size, only), game)
            count += 1
        if not count:
            yield self._reject(number, 0, document, size, "The file contains no game.")

    def _load_game(self, origin: _Origin, game: Game) -> FileResult:
        arrival = Arrival(game, self.task.given_on, self.task.accept_shrink)
        seen = game.events_seen + game.stints_seen

        def file_result(result: GameResult) -> FileResult:
            accepted = _accepted(game, result)
            return FileResult(
                origin.path,
                result.outcome,
                result.reason,
                game.game_key,
                result.rows,
                seen,
                accepted,
                seen - accepted,
            )

        if self.dry_run:
            return file_result(self.dry_run.update(arrival))
        if self.store.is_known(arrival):
            result = GameResult("unchanged")
            if origin.fingerprint:  # recorded, so that the next load need not read the file
                with self.session.transaction() as conn:
                    self._record(conn, origin, game, result)
            return file_result(result)
        try:
            result = self.store.update(
                game.game_key, arrival, record=lambda conn, result: self._record(conn, origin, game, result)
            )
        except UnknownDayError as e:
            return self._reject_game(origin, game, str(e))
        except (psycopg.errors.DataError, psycopg.errors.IntegrityError) as e:
            return self._reject_game(origin, game, f"The database cannot store the game: {_without_data(e)}.")
        return file_result(result)

    def _record(self, conn: Connection, origin: _Origin, game: Game, result: GameResult) -> None:
        """Write the result of a game, and its rejects unless the game is unchanged."""
        values = self._file(origin, result.outcome, result.reason) | {
            "format": game.format,
            "game": game.game_key,
            "hash": game.content_hash,
            "seen": game.events_seen + game.stints_seen,
            "accepted": _accepted(game, result),
            "ignored": game.stints_ignored,
        }
        values["rejected"] = values["seen"] - values["accepted"]
        conn.execute(query("ingest/loading", "put_file"), values)
        rejects = game.rejects + result.left_out
        if rejects and result.outcome != "unchanged":
            self._record_rejects(conn, values, rejects)

    def _record_rejects(self, conn: Connection, values: dict[str, Any], rejects: tuple[Reject, ...]) -> None:
        lists = {
            "parts": [reject.part for reject in rejects],
            "positions": [reject.position for reject in rejects],
            "reasons": [storable(reject.reason) for reject in rejects],
            "raws": [raw_json(reject) for reject in rejects],
        }
        conn.execute(query("ingest/loading", "put_rejects"), values | lists)

    def _file(self, origin: _Origin, outcome: str, reason: str | None) -> dict[str, Any]:
        return {
            "tenant": self.store.tenant,
            "load": self.task.load_id,
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

    def _reject(self, number: int, count: int, document: Document, size: int, reason: str) -> FileResult:
        origin = _Origin(number, count, storable(document.path), size, None)
        return self._write_reject(origin, self._file(origin, "rejected", reason), reason)

    def _reject_game(self, origin: _Origin, game: Game, reason: str) -> FileResult:
        """Reject everything in a game that was read but cannot be stored."""
        seen = game.events_seen + game.stints_seen
        origin = _Origin(origin.file_no, origin.game_no, origin.path, origin.size, None)
        values = self._file(origin, "rejected", reason) | {"format": game.format, "game": storable(game.game_key)}
        return self._write_reject(origin, values | {"seen": seen, "rejected": seen}, reason)

    def _write_reject(self, origin: _Origin, values: dict[str, Any], reason: str) -> FileResult:
        if not self.task.dry_run:
            with self.session.transaction() as conn:
                conn.execute(query("ingest/loading", "put_file"), values)
                self._record_rejects(conn, values, (Reject("file", None, reason, None),))
        return FileResult(origin.path, "rejected", reason, values["game"], 0, values["seen"], 0, values["rejected"])


@dataclass(frozen=True)
class _Origin:
    """The file that a game comes from, and its position in the load."""

    file_no: int
    game_no: int
    path: str
    size: int
    fingerprint: bytes | None


def _accepted(game: Game, result: GameResult) -> int:
    """Count the accepted events and stints, without those in periods that the league does not play."""
    return len(game.events) + len(game.stints) + game.stints_ignored - len(result.left_out)


def _without_data(error: psycopg.Error) -> str:
    """Describe an error of the server without the values in its message."""
    where = error.diag.constraint_name or error.diag.column_name or error.diag.datatype_name
    return f"{type(error).__name__}{f' of {where}' if where else ''}"


def _can_be_sent(error: Exception) -> bool:
    """Return whether the error can be pickled and shown to the user."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - pickled by this process
    except Exception:
        return False
    return isinstance(error, StanchionError | psycopg.Error | OSError)

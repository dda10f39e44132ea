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
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from itertools import islice
from multiprocessing.connection import Connection as Pipe
from typing import Any

import msgspec
import psycopg

from stanchion.errors import StanchionError
from stanchion.ingest.loading.dry_run import DryRun
from stanchion.ingest.loading.fingerprint import fingerprint as fingerprint_of
from stanchion.ingest.loading.fingerprint import with_formats, with_path
from stanchion.ingest.loading.formats import Added
from stanchion.ingest.loading.keys import storable
from stanchion.ingest.loading.parts import Counts, Merge, counted_before, counts, known_revision, merge_stored
from stanchion.ingest.loading.plan import UnknownDayError
from stanchion.ingest.loading.session import act_as_loader
from stanchion.ingest.loading.store import Arrival, GameResult, Store, raw_json
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.model import Game, Parts, Reject
from stanchion.ingest.reading.recognise import read
from stanchion.ingest.reading.sources import Document, documents_in
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
    added: Added = field(default_factory=Added)  # formats to try before the registered ones


@dataclass(frozen=True)
class FileResult:
    """The result of one game of a file, or of a file without games.

    A game of several documents is counted once per load: each document has the difference to the documents before it.
    """

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
        for number, document in enumerate(documents_in(self.task.paths)):
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
        known = self._known([each for mark, _ in prints.values() if mark for each in (mark.of_game, mark.of_parts)])
        for number, document in chunk:
            if self.stop.is_set():
                return
            mark, size = prints[number]
            if mark and (mark.of_game in known or mark.of_parts in known):
                self._send(FileResult(storable(document.path), "unchanged"))
                continue
            for result in self._load_document(number, document, mark, size):
                self._send(result)
                if self.stop.is_set():
                    return

    def _send(self, result: FileResult) -> None:
        self.pipe.send(asdict(result))

    def _fingerprint(self, document: Document) -> tuple[_Fingerprint | None, int]:
        """Return the fingerprint and the size. A document over _WHOLE has none, because it would be read twice."""
        try:
            with document.open() as stream:
                data = stream.read(_WHOLE + 1)
        except UnreadableError:
            return None, 0
        if len(data) > _WHOLE:
            return None, len(data)
        mark = fingerprint_of(data, self.task.given_on, self.task.accept_shrink)
        mark = with_formats(mark, self.task.added.digest) if mark else None
        return _Fingerprint(mark, with_path(mark, document.path)) if mark else None, len(data)

    def _known(self, marks: list[bytes]) -> set[bytes]:
        if not marks:
            return set()
        with self.session.transaction() as conn:
            values = {"tenant": self.store.tenant, "fingerprints": marks}
            found = conn.execute(query("ingest/loading", "known_fingerprints"), values)
            return {bytes(row[0]) for row in found}

    def _load_document(
        self, number: int, document: Document, mark: _Fingerprint | None, size: int
    ) -> Iterator[FileResult]:
        found = _read(document, self.task.added)
        ahead = list(islice(found, 2))
        # the fingerprint is stored with one game, so a file with several games gets none
        only = mark if len(ahead) == 1 else None
        count = 0
        while ahead:
            piece = ahead.pop(0)
            if isinstance(piece, str):
                yield self._reject(number, count, document, size, piece)
                return
            origin = _Origin(number, count, storable(document.path), size, only.of(piece) if only else None)
            yield self._load_parts(origin, piece) if isinstance(piece, Parts) else self._load_game(origin, piece)
            count += 1
            if not ahead:
                ahead.extend(islice(found, 1))
        if not count:
            yield self._reject(number, 0, document, size, "The file contains no game.")

    def _load_game(self, origin: _Origin, game: Game) -> FileResult:
        if game.rank:  # a copy of an archived document: only the merge of stored parts has a rank
            game = msgspec.structs.replace(game, rank=None)
        arrival = Arrival(game, self.task.given_on, self.task.accept_shrink)

        def file_result(result: GameResult) -> FileResult:
            return _file_result(origin, game.game_key, result, counts(game, result))

        if self.dry_run:
            return file_result(self.dry_run.update(arrival))
        if self.store.is_known(arrival):
            result = GameResult("unchanged")
            if origin.fingerprint:  # recorded, so that the next load need not read the file
                with self.session.transaction() as conn:
                    self._record(conn, origin, game, result)
            return file_result(result)

        def update() -> FileResult:
            return file_result(
                self.store.update(
                    game.game_key, arrival, record=lambda conn, result: self._record(conn, origin, game, result)
                )
            )

        return self._or_reject(
            update, origin, {"format": game.format, "game": game.game_key}, game.events_seen + game.stints_seen
        )

    def _load_parts(self, origin: _Origin, parts: Parts) -> FileResult:
        """Store what a document contributes to a game of several documents, and the game as merged with it."""
        key = {"tenant": self.store.tenant, "game": parts.game_key}
        options = (self.task.given_on, self.task.accept_shrink)
        done: tuple[GameResult, Counts] | None = None
        merged: Merge | None = None

        def merge(conn: Connection) -> Arrival:
            nonlocal merged
            merged = merge_stored(conn, key, self.task.load_id, parts, *options)
            return merged.arrival

        def record(conn: Connection, result: GameResult) -> None:
            nonlocal done
            assert merged  # noqa: S101 - merged in the same transaction
            done = self._record_merge(conn, origin, merged, result)

        def update() -> FileResult:
            if self.dry_run:
                return _file_result(origin, parts.game_key, *self.dry_run.add(parts, *options))
            if not any(options) and self._are_known(origin, key, parts):
                return _file_result(origin, parts.game_key, GameResult("unchanged"), Counts())
            self.store.update(parts.game_key, before=merge, record=record)
            assert done  # noqa: S101 - recorded in the same transaction
            return _file_result(origin, parts.game_key, *done)

        return self._or_reject(update, origin, {"format": parts.format, "game": parts.game_key}, 0)

    def _are_known(self, origin: _Origin, key: dict[str, Any], parts: Parts) -> bool:
        """Return whether all parts are stored. Then the file is recorded, so that the next load need not read it."""
        with self.session.transaction() as conn:
            known = known_revision(conn, key, parts)
            if known and origin.fingerprint:
                values = {"format": parts.format, "game": parts.game_key, "hash": known}
                conn.execute(query("ingest/loading", "put_file"), self._file(origin, "unchanged", None) | values)
        return known is not None

    def _or_reject(
        self, update: Callable[[], FileResult], origin: _Origin, names: dict[str, str], seen: int
    ) -> FileResult:
        """Return the result of `update`, or reject everything in a game that was read but cannot be stored."""
        try:
            return update()
        except (UnknownDayError, UnreadableError) as e:
            reason = str(e)
        except (psycopg.errors.DataError, psycopg.errors.IntegrityError) as e:
            reason = f"The database cannot store the game: {_without_data(e)}."
        origin = replace(origin, fingerprint=None)
        names = {name: storable(text) for name, text in names.items()}
        values = self._file(origin, "rejected", reason) | names | {"seen": seen, "rejected": seen}
        return self._write_reject(origin, values, reason)

    def _record(self, conn: Connection, origin: _Origin, game: Game, result: GameResult) -> None:
        """Write the result of a game, and its rejects unless the game is unchanged."""
        rejects = () if result.outcome == "unchanged" else game.rejects + result.left_out
        self._put_file(conn, origin, game, result, counts(game, result), rejects)

    def _record_merge(
        self, conn: Connection, origin: _Origin, merge: Merge, result: GameResult
    ) -> tuple[GameResult, Counts]:
        """Write the result of a merged game, counted as the difference to the documents before it in this load.

        Its rejects replace those of the merge before it.
        """
        game = merge.arrival.game
        added = Counts()
        rejects: tuple[Reject, ...] = ()
        if merge.is_used and result.outcome != "unchanged":
            values = {"tenant": self.store.tenant, "load": self.task.load_id, "game": game.game_key}
            values["format"] = game.format
            added = counts(game, result) - counted_before(conn, values)
            rejects = game.rejects + result.left_out
            conn.execute(query("ingest/loading", "delete_rejects"), values)
        result = merge.result(result)
        self._put_file(conn, origin, game, result, added, rejects)
        return result, added

    def _put_file(
        self,
        conn: Connection,
        origin: _Origin,
        game: Game,
        result: GameResult,
        counted: Counts,
        rejects: tuple[Reject, ...],
    ) -> None:
        values = self._file(origin, result.outcome, result.reason) | {
            "format": game.format,
            "game": game.game_key,
            "hash": game.content_hash,
            "seen": counted.seen,
            "accepted": counted.accepted,
            "rejected": counted.rejected,
            "ignored": counted.ignored,
        }
        conn.execute(query("ingest/loading", "put_file"), values)
        if rejects:
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


@dataclass(frozen=True)
class _Fingerprint:
    """The fingerprint of a document: of a document with one game, and of one with a part of a game."""

    of_game: bytes
    of_parts: bytes

    def of(self, piece: Game | Parts) -> bytes:
        return self.of_parts if isinstance(piece, Parts) else self.of_game


def _read(document: Document, added: Added) -> Iterator[Game | Parts | str]:
    """Yield the games and parts of a document, and at the end the reason when it cannot be read to its end."""
    try:
        yield from read(document, added.formats)
    except UnreadableError as e:
        yield str(e)
    except (MemoryError, RecursionError):
        yield "The file is too large or nested too deep to be read."
    except Exception as e:
        # one file that crashes its reader must not stop the others
        yield f"The reader failed with an unexpected error ({type(e).__name__})."


def _file_result(origin: _Origin, game_key: str, result: GameResult, counted: Counts) -> FileResult:
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

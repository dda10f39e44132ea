"""A process that loads its share of a pile, and tells the one that started it what became of each file.

Every worker goes through the whole list of documents and takes the chunk that is next for whoever asks: a document
of an archive cannot be handed to another process, and a list of a million files need not be kept anywhere.
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
from stanchion.ingest.loading.fingerprint import fingerprint
from stanchion.ingest.loading.keys import storable
from stanchion.ingest.loading.rehearse import Rehearsal
from stanchion.ingest.loading.session import be_loader
from stanchion.ingest.loading.store import Arrival, NoDayError, Store, Verdict, raw_json
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.model import Game, Reject
from stanchion.ingest.reading.recognise import read
from stanchion.ingest.reading.sources import Document, documents
from stanchion.paths import query
from stanchion.server.connection import Connection, connect
from stanchion.server.locate import Server

CHUNK = 4  # documents that are asked about at once: a pile of a few games is shared by all workers
_WHOLE = 64 * 2**20  # bytes of a document that are looked at before it is read, to see whether it was read before


@dataclass(frozen=True)
class Task:
    """What to load, and how; the same for every worker of a load."""

    server: Server
    tenant: str
    paths: tuple[str, ...]
    load_id: int
    given_on: date | None
    accept_shrink: bool
    is_rehearsal: bool
    piped: bytes | None = None  # what came on standard input, which a process that was forked has no more


@dataclass(frozen=True)
class Done:
    """What became of a game of a file, or of a file without any."""

    path: str
    outcome: str
    reason: str | None = None
    game: str | None = None
    rows: int = 0
    seen: int = 0
    accepted: int = 0
    rejected: int = 0


def work(task: Task, claim: Any, stop: Any, pipe: Pipe) -> None:
    """Load what is claimed until there is no more, or somebody says stop; the last message is why it ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the first process says when to stop
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if task.piped is not None:
        sys.stdin = io.TextIOWrapper(io.BytesIO(task.piped))
    try:
        with connect(task.server) as conn:
            gc.freeze()
            _Worker(task, conn, claim, stop, pipe).run()
        pipe.send(None)
    except BrokenPipeError:
        return  # whoever started us is gone, and with it the reason to go on
    except Exception as e:
        pipe.send(
            e if _can_travel(e) else StanchionError(f"A worker failed, which is a fault of ours: {type(e).__name__}.")
        )
    finally:
        pipe.close()


class _Worker:
    def __init__(self, task: Task, conn: Connection, claim: Any, stop: Any, pipe: Pipe) -> None:
        self.task, self.claim, self.stop, self.pipe = task, claim, stop, pipe
        session = be_loader(conn, task.tenant)
        self.session = session
        self.store = Store(session, task.load_id, session.settings())
        self.rehearsal = Rehearsal(self.store) if task.is_rehearsal else None
        if not task.is_rehearsal:
            session.join_load(task.load_id)

    def run(self) -> None:
        mine = self._next()
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
                mine = self._next()
        if chunk:
            self._load(chunk)

    def _next(self) -> int:
        with self.claim.get_lock():
            self.claim.value += 1
            return int(self.claim.value) - 1

    def _load(self, chunk: list[tuple[int, Document]]) -> None:
        prints = {number: self._fingerprint(document) for number, document in chunk}
        known = self._known([(mark) for mark, _ in prints.values() if mark])
        for number, document in chunk:
            if self.stop.is_set():
                return
            mark, size = prints[number]
            if mark in known:
                self._tell(Done(storable(document.path), "unchanged"))
                continue
            for done in self._load_document(number, document, mark, size):
                self._tell(done)
                if self.stop.is_set():
                    return

    def _tell(self, done: Done) -> None:
        self.pipe.send(asdict(done))

    def _fingerprint(self, document: Document) -> tuple[bytes | None, int]:
        """By what it is recognised, and its size; a large one is not looked at twice."""
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
            found = conn.execute(query("ingest/loading", "known"), {"tenant": self.store.tenant, "fingerprints": marks})
            return {bytes(row[0]) for row in found}

    def _load_document(self, number: int, document: Document, mark: bytes | None, size: int) -> Iterator[Done]:
        games = read(document)
        count = 0
        while True:
            try:
                game = next(games, None)
            except UnreadableError as e:
                yield self._reject(number, count, document, size, str(e))
                return
            except (MemoryError, RecursionError):
                yield self._reject(number, count, document, size, "It is too large or nested too deep to be read.")
                return
            except Exception as e:
                # whatever a file did to its reader, the others are loaded
                reason = f"Reading it failed in a way nobody foresaw ({type(e).__name__})."
                yield self._reject(number, count, document, size, reason)
                return
            if game is None:
                break
            # a file of several games is recognised game by game
            only = mark if count == 0 and game.format != "event csv" else None
            yield self._load_game(_Place(number, count, storable(document.path), size, only), game)
            count += 1
        if not count:
            yield self._reject(number, 0, document, size, "There is no game in it.")

    def _load_game(self, place: _Place, game: Game) -> Done:
        arrival = Arrival(game, self.task.given_on, self.task.accept_shrink)
        seen = game.events_seen + game.stints_seen

        def done(verdict: Verdict) -> Done:
            accepted = _accepted(game, verdict)
            return Done(
                place.path,
                verdict.outcome,
                verdict.reason,
                game.game_key,
                verdict.rows,
                seen,
                accepted,
                seen - accepted,
            )

        if self.rehearsal:
            return done(self.rehearsal.settle(arrival))
        if self.store.is_stale(arrival):
            verdict = Verdict("unchanged")
            if place.fingerprint:  # so that next time it need not be read
                with self.session.transaction() as conn:
                    self._note(conn, place, game, verdict)
            return done(verdict)
        try:
            verdict = self.store.settle(
                game.game_key, arrival, note=lambda conn, verdict: self._note(conn, place, game, verdict)
            )
        except NoDayError as e:
            return self._reject_game(place, game, str(e))
        except (psycopg.errors.DataError, psycopg.errors.IntegrityError) as e:
            return self._reject_game(place, game, f"The database cannot keep it: {_without_data(e)}.")
        return done(verdict)

    def _note(self, conn: Connection, place: _Place, game: Game, verdict: Verdict) -> None:
        """Write what became of a game, and what of it was rejected, where that is new."""
        values = self._file(place, verdict.outcome, verdict.reason) | {
            "format": game.format,
            "game": game.game_key,
            "hash": game.content_hash,
            "seen": game.events_seen + game.stints_seen,
            "accepted": _accepted(game, verdict),
            "ignored": game.stints_ignored,
        }
        values["rejected"] = values["seen"] - values["accepted"]
        conn.execute(query("ingest/loading", "put_file"), values)
        rejects = game.rejects + verdict.left_out
        if rejects and verdict.outcome != "unchanged":
            self._note_rejects(conn, values, rejects)

    def _note_rejects(self, conn: Connection, values: dict[str, Any], rejects: tuple[Reject, ...]) -> None:
        lists = {
            "parts": [reject.part for reject in rejects],
            "positions": [reject.position for reject in rejects],
            "reasons": [storable(reject.reason) for reject in rejects],
            "raws": [raw_json(reject) for reject in rejects],
        }
        conn.execute(query("ingest/loading", "put_rejects"), values | lists)

    def _file(self, place: _Place, outcome: str, reason: str | None) -> dict[str, Any]:
        return {
            "tenant": self.store.tenant,
            "load": self.task.load_id,
            "file_no": place.file_no,
            "game_no": place.game_no,
            "path": place.path,
            "format": None,
            "bytes": place.size,
            "fingerprint": place.fingerprint,
            "outcome": outcome,
            "reason": reason,
            "game": None,
            "hash": None,
            "seen": 0,
            "accepted": 0,
            "rejected": 0,
            "ignored": 0,
        }

    def _reject(self, number: int, count: int, document: Document, size: int, reason: str) -> Done:
        place = _Place(number, count, storable(document.path), size, None)
        return self._write_reject(place, self._file(place, "rejected", reason), reason)

    def _reject_game(self, place: _Place, game: Game, reason: str) -> Done:
        """A game that was read and cannot be kept: everything in it is rejected."""
        seen = game.events_seen + game.stints_seen
        place = _Place(place.file_no, place.game_no, place.path, place.size, None)
        values = self._file(place, "rejected", reason) | {"format": game.format, "game": storable(game.game_key)}
        return self._write_reject(place, values | {"seen": seen, "rejected": seen}, reason)

    def _write_reject(self, place: _Place, values: dict[str, Any], reason: str) -> Done:
        if not self.task.is_rehearsal:
            with self.session.transaction() as conn:
                conn.execute(query("ingest/loading", "put_file"), values)
                self._note_rejects(conn, values, (Reject("file", None, reason, None),))
        return Done(place.path, "rejected", reason, values["game"], 0, values["seen"], 0, values["rejected"])


@dataclass(frozen=True)
class _Place:
    """Where a game stands in the load."""

    file_no: int
    game_no: int
    path: str
    size: int
    fingerprint: bytes | None


def _accepted(game: Game, verdict: Verdict) -> int:
    """Events and stints that are kept and, where the game is published, played by its league."""
    return len(game.events) + len(game.stints) + game.stints_ignored - len(verdict.left_out)


def _without_data(error: psycopg.Error) -> str:
    """What the server said, without the values it says it about."""
    where = error.diag.constraint_name or error.diag.column_name or error.diag.datatype_name
    return f"{type(error).__name__}{f' of {where}' if where else ''}"


def _can_travel(error: Exception) -> bool:
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    except Exception:
        return False
    return isinstance(error, StanchionError | psycopg.Error | OSError)

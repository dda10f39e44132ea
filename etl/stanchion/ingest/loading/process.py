"""A loader process: loads its share of the files, and sends the result of each file to the main process.

Every loader process iterates over the whole list of documents and loads the chunks whose numbers it draws from a shared
counter. Documents are not passed between processes, because a document within an archive cannot be passed.

When a load has several files, processes of a first kind look at the documents, and the load of those that another one
supersedes waits for the others. See order.py.

Of a document with parts of a game, the process stores the parts and sends a PartDocument. When everything is read,
processes of a third kind merge the games that these documents belong to.
"""

from __future__ import annotations

import gc
import io
import pickle
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
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
from stanchion.ingest.loading.merging import REFUSED, Merger, known_revision, put_parts, reason_of
from stanchion.ingest.loading.order import Look, look
from stanchion.ingest.loading.parts import Options, PartDocument, names_of, one_by_one
from stanchion.ingest.loading.record import Counts, FileResult, Origin, Recorder, counts, file_result
from stanchion.ingest.loading.session import act_as_loader
from stanchion.ingest.loading.store import Arrival, GameResult, Store
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.model import Game, Parts
from stanchion.ingest.reading.recognise import read
from stanchion.ingest.reading.sources import Document, documents_in
from stanchion.paths import query
from stanchion.server.connection import Connection, connect
from stanchion.server.locate import Server

CHUNK = 4  # documents drawn at once; small, so that even a few games are shared by all loader processes
_GARBAGE = 20_000  # objects between two collections: reading a game makes more, which all stay alive
_WHOLE = 64 * 2**20  # bytes of the largest document that gets a fingerprint


@dataclass(frozen=True)
class Task:
    """The files to load and the options; the same for every loader process of a load."""

    server: Server
    tenant: str
    paths: tuple[str, ...]
    load_id: int
    options: Options
    dry_run: bool
    piped: bytes | None = None  # standard input, which a forked process cannot read
    added: Added = field(default_factory=Added)  # formats to try before the registered ones
    is_look: bool = False  # look at the documents instead of loading them
    known: frozenset[int] = frozenset()  # numbers of the documents that are loaded already
    superseded: frozenset[int] = frozenset()  # numbers of the documents that another one supersedes
    passes: tuple[bool, ...] = (False,)  # each loads the documents that are superseded, or the others
    games: tuple[tuple[PartDocument, ...], ...] = ()  # documents of each game to merge, when all files are read


@dataclass(frozen=True, slots=True)
class Looked:
    """What a process that looks at a document sends to the main process."""

    number: int
    is_known: bool
    look: Look | None


def run_process(task: Task, counter: Any, stop: Any, pipe: Pipe) -> None:
    """Load chunks or merge games until none is left or `stop` is set. Send None at the end, or the error instead."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the main process sets `stop`
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if task.piped is not None:
        sys.stdin = io.TextIOWrapper(io.BytesIO(task.piped))
    try:
        with connect(task.server) as conn:
            gc.freeze()
            gc.set_threshold(_GARBAGE)
            kind = _Merger if task.games else _Looker if task.is_look else _Loader
            kind(task, conn, counter, stop, pipe).run()
        pipe.send(None)
    except BrokenPipeError:
        return  # the main process is gone
    except Exception as e:
        pipe.send(
            e if _can_be_sent(e) else StanchionError(f"A loader process failed with an unexpected {type(e).__name__}.")
        )
    finally:
        pipe.close()


class _Process:
    def __init__(self, task: Task, conn: Connection, counter: Any, stop: Any, pipe: Pipe) -> None:
        self.task, self.counter, self.stop, self.pipe = task, counter, stop, pipe
        self.session = act_as_loader(conn, task.tenant)
        self.store = Store(self.session, task.load_id, self.session.settings())
        self.recorder = Recorder(self.store)
        if not task.dry_run:
            self.session.join_load(task.load_id)

    def draw(self) -> int:
        """Return the next number that no process has drawn."""
        with self.counter.get_lock():
            self.counter.value += 1
            return int(self.counter.value) - 1


@dataclass(frozen=True)
class _Fingerprint:
    """The fingerprint of a document: of a document with one game, and of one with a part of a game."""

    of_game: bytes
    of_parts: bytes

    def of(self, piece: Game | Parts) -> bytes:
        return self.of_parts if isinstance(piece, Parts) else self.of_game


@dataclass(frozen=True)
class _Fingerprinted:
    """A document with its fingerprint, its size in bytes, and the facts that decide its order."""

    number: int
    document: Document
    mark: _Fingerprint | None
    size: int
    look: Look | None = None

    def is_in(self, known: set[bytes]) -> bool:
        return self.mark is not None and (self.mark.of_game in known or self.mark.of_parts in known)


class _Reader(_Process):
    """Iterates over the documents whose numbers it draws."""

    def chunks(self) -> Iterator[list[tuple[int, Document]]]:
        """Yield the chunks of documents that this process has drawn, until `stop` is set."""
        mine = self.draw()
        chunk: list[tuple[int, Document]] = []
        for place, numbered in enumerate(self._documents()):
            if self.stop.is_set():
                return
            if place // CHUNK < mine:
                continue
            chunk.append(numbered)
            if len(chunk) == CHUNK:
                yield chunk
                chunk = []
                mine = self.draw()
        if chunk:
            yield chunk

    def _documents(self) -> Iterator[tuple[int, Document]]:
        for is_superseded in self.task.passes:
            for number, document in enumerate(documents_in(self.task.paths)):
                if (number in self.task.superseded) == is_superseded and number not in self.task.known:
                    yield number, document

    def fingerprints(self, documents: Iterable[tuple[int, Document]]) -> tuple[list[_Fingerprinted], set[bytes]]:
        """Return the fingerprint of each document, and those of the documents that are known."""
        found = [self._fingerprint(number, document) for number, document in documents]
        return found, self._known([each for one in found if one.mark for each in (one.mark.of_game, one.mark.of_parts)])

    def _fingerprint(self, number: int, document: Document) -> _Fingerprinted:
        """Return the fingerprint and the size. A document over _WHOLE has none, because it would be read twice."""
        try:
            with document.open() as stream:
                data = stream.read(_WHOLE + 1)
        except UnreadableError:
            return _Fingerprinted(number, document, None, 0)
        if len(data) > _WHOLE:
            return _Fingerprinted(number, document, None, len(data))
        mark = fingerprint_of(data, self.task.options.given_on, self.task.options.accept_shrink)
        mark = with_formats(mark, self.task.added.digest) if mark else None
        marks = _Fingerprint(mark, with_path(mark, document.path)) if mark else None
        return _Fingerprinted(number, document, marks, len(data), look(data) if self.task.is_look else None)

    def _known(self, marks: list[bytes]) -> set[bytes]:
        if not marks:
            return set()
        with self.session.transaction() as conn:
            values = {"tenant": self.store.tenant, "fingerprints": marks}
            found = conn.execute(query("ingest/loading", "known_fingerprints"), values)
            return {bytes(row[0]) for row in found}


class _Looker(_Reader):
    """Looks at the documents whose numbers it draws. Sends the result of those that are known."""

    def run(self) -> None:
        for chunk in self.chunks():
            found, known = self.fingerprints(chunk)
            for one in found:
                self.pipe.send(Looked(one.number, one.is_in(known), one.look))
                if one.is_in(known):
                    self.pipe.send(FileResult(storable(one.document.path), "unchanged"))


class _Merger(_Process):
    """Merges games with the documents that the load has read."""

    def run(self) -> None:
        merger = Merger(self.recorder, self.task.options)
        while (number := self.draw()) < len(self.task.games) and not self.stop.is_set():
            for result in merger.merge(self.task.games[number]):
                self.pipe.send(result)


class _Loader(_Reader):
    """Loads the documents whose numbers it draws."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.dry_run = DryRun(self.store, self.task.options) if self.task.dry_run else None
        self._waiting: dict[PartDocument, Parts] = {}

    def run(self) -> None:
        for chunk in self.chunks():
            self._load(chunk)
        if self.dry_run and not self.stop.is_set():
            for result in self.dry_run.merge():
                self.pipe.send(result)

    def _load(self, chunk: list[tuple[int, Document]]) -> None:
        # again, because the file may have changed since a process has looked at it
        found, known = self.fingerprints(chunk)
        for one in found:
            if self.stop.is_set():
                return
            if one.is_in(known):
                self.pipe.send(FileResult(storable(one.document.path), "unchanged"))
                continue
            for result in self._load_document(one.number, one.document, one.mark, one.size):
                self.pipe.send(result)
                if self.stop.is_set():
                    return
        self._store_waiting()

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
            origin = Origin(number, count, storable(document.path), size, only.of(piece) if only else None)
            if isinstance(piece, Parts):
                self._load_parts(origin, piece)
            else:
                yield self._load_game(origin, piece)
            count += 1
            if not ahead:
                ahead.extend(islice(found, 1))
        if not count:
            yield self._reject(number, 0, document, size, "The file contains no game.")

    def _load_game(self, origin: Origin, game: Game) -> FileResult:
        if game.rank:  # a copy of an archived document: only the merge of stored parts has a rank
            game = msgspec.structs.replace(game, rank=None)
        options = self.task.options
        arrival = Arrival(game, options.given_on, options.accept_shrink)

        def work(conn: Connection, key: str) -> GameResult:
            result = self.store.update_locked(conn, key, arrival)
            self.recorder.game(conn, origin, game, result)
            return result

        if self.dry_run:
            result = self.dry_run.update(arrival)
        elif self.store.is_known(arrival):
            result = GameResult("unchanged")
            if origin.fingerprint:  # recorded, so that the next load need not read the file
                with self.session.transaction() as conn:
                    self.recorder.game(conn, origin, game, result)
        else:
            try:
                result = self.store.locked(game.game_key, work)
            except REFUSED as error:
                names, seen = (game.format, game.game_key), game.events_seen + game.stints_seen
                return self.recorder.reject(origin, reason_of(error), game=names, seen=seen)
        return file_result(origin, game.game_key, result, counts(game, result))

    def _load_parts(self, origin: Origin, parts: Parts) -> None:
        """Remember what a document contributes to a game of several documents, for the next transaction."""
        document = PartDocument(origin, parts.game_key, parts.format, names_of(parts.parts))
        if self.dry_run:
            self.dry_run.add(document, parts)
            self.pipe.send(document)
            return
        self._waiting[document] = parts
        if len(self._waiting) == CHUNK:
            self._store_waiting()

    def _store_waiting(self) -> None:
        """Store the remembered parts in one transaction, and send the documents whose games are to be merged."""
        waiting, self._waiting = self._waiting, {}

        def attempt(documents: Sequence[PartDocument]) -> list[FileResult | PartDocument]:
            with self.session.transaction() as conn:
                found = [self._if_known(conn, document) or document for document in documents]
                new = {each: waiting[each] for each in found if isinstance(each, PartDocument)}
                put_parts(conn, self.store.tenant, self.task.load_id, new)
                return found

        def refuse(document: PartDocument, error: Exception) -> FileResult | PartDocument:
            names = (document.format, document.game_key)
            return self.recorder.reject(document.origin, reason_of(error), game=names)

        for each in one_by_one(tuple(waiting), attempt, REFUSED, refuse) if waiting else ():
            self.pipe.send(each)

    def _if_known(self, conn: Connection, document: PartDocument) -> FileResult | None:
        """Return the result of a document that its game is merged with already, else None."""
        if self.task.options != Options():
            return None
        key = {"tenant": self.store.tenant, "game": document.game_key}
        known = known_revision(conn, key, document)
        if known is None:
            return None
        self.recorder.known(conn, document.origin, key | {"format": document.format, "hash": known})
        return file_result(document.origin, document.game_key, GameResult("unchanged"), Counts())

    def _reject(self, number: int, count: int, document: Document, size: int, reason: str) -> FileResult:
        return self.recorder.reject(Origin(number, count, storable(document.path), size, None), reason)


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


def _can_be_sent(error: Exception) -> bool:
    """Return whether the error can be pickled and shown to the user."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - pickled by this process
    except Exception:
        return False
    return isinstance(error, StanchionError | psycopg.Error | OSError)

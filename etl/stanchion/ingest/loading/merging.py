"""A loader process that merges games from the parts that the load has stored, each game in one transaction."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from stanchion.ingest.loading.parts import Merged, Name, Options, PartDocument, merge, one_by_one
from stanchion.ingest.loading.plan import UnknownDayError
from stanchion.ingest.loading.record import FileResult, Recorder
from stanchion.ingest.loading.store import Store
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.model import Part, Parts
from stanchion.paths import query
from stanchion.server.connection import Connection

REFUSED = (UnknownDayError, UnreadableError, psycopg.errors.DataError, psycopg.errors.IntegrityError)


def reason_of(error: Exception) -> str:
    """Return why a game was refused, without the values that the server's message contains."""
    if isinstance(error, psycopg.Error):
        where = error.diag.constraint_name or error.diag.column_name or error.diag.datatype_name
        return f"The database cannot store the game: {type(error).__name__}{f' of {where}' if where else ''}."
    return str(error)


def known_revision(conn: Connection, key: dict[str, Any], document: PartDocument) -> bytes | None:
    """Return the content hash of the game when it is merged with the document; None also when it is in quarantine.

    No lock is needed, because parts are never removed.
    """
    lists = _lists(document.format, document.parts)
    row = conn.execute(query("ingest/loading", "known_parts"), key | lists).fetchone()
    return row[0] if row and row[1] != "quarantined" else None


def put_parts(conn: Connection, tenant: UUID, load_id: int, documents: Mapping[PartDocument, Parts]) -> None:
    """Store the parts of documents that are not stored yet. No game contains them until they are merged."""
    rows = [
        (document.game_key, document.format, *part)
        for document, parts in documents.items()
        for part in packed(document, parts)
    ]
    if rows:
        games, formats, kinds, hashes, sizes, packages = (list(column) for column in zip(*rows, strict=True))
        lists = {"games": games, "formats": formats, "kinds": kinds, "part_hashes": hashes, "sizes": sizes}
        values = lists | {"documents": packages, "tenant": tenant, "load": load_id}
        conn.execute(query("ingest/loading", "put_parts"), values)


def packed(document: PartDocument, parts: Parts) -> Iterator[tuple[str, bytes, int, bytes]]:
    """Yield the kind, the hash, the size and the compressed document of each part."""
    for (kind, part_hash), part in zip(document.parts, parts.parts, strict=True):
        yield kind, part_hash, part.size, zlib.compress(part.document, 1)


def unpacked(rows: Iterable[Any]) -> list[Part]:
    """Return the parts with this kind, size and compressed document."""
    return [Part(kind, size, zlib.decompress(document)) for kind, size, document in rows]


def best_parts(conn: Connection, key: dict[str, Any], format_name: str) -> list[Part]:
    """Return the part of each kind that the game is merged from."""
    return unpacked(conn.execute(query("ingest/loading", "best_parts"), key | {"format": format_name}))


def merged_names(conn: Connection, key: dict[str, Any], format_name: str) -> set[Name]:
    """Return the name of every merged part of a game."""
    return _names(conn.execute(query("ingest/loading", "merged_names"), key | {"format": format_name}))


def _names(rows: Iterable[Any]) -> set[Name]:
    return {(kind, bytes(part_hash)) for kind, part_hash in rows}


def _lists(format_name: str, names: Iterable[Name]) -> dict[str, Any]:
    kinds, hashes = [], []
    for kind, part_hash in names:
        kinds.append(kind)
        hashes.append(part_hash)
    return {"format": format_name, "kinds": kinds, "part_hashes": hashes}


@dataclass(frozen=True)
class Merger:
    """Merges games with the documents of one load."""

    recorder: Recorder
    options: Options

    @property
    def store(self) -> Store:
        return self.recorder.store

    def merge(self, documents: Sequence[PartDocument]) -> list[FileResult]:
        """Merge one game with its documents, and return the result of each."""
        return one_by_one(documents, self._attempt, REFUSED, self._refuse)

    def _refuse(self, document: PartDocument, error: Exception) -> FileResult:
        return self.recorder.reject(document.origin, reason_of(error), game=(document.format, document.game_key))

    def _attempt(self, documents: Sequence[PartDocument]) -> list[FileResult]:
        first = documents[0]
        key = {"tenant": self.store.tenant, "game": first.game_key}
        names = {name for document in documents for name in document.parts}

        def work(conn: Connection, game: str) -> list[Merged]:
            added = _names(conn.execute(query("ingest/loading", "mark_merged"), key | _lists(first.format, names)))
            found = merge(
                documents,
                best_parts(conn, key, first.format),
                added,
                lambda each: unpacked(
                    conn.execute(query("ingest/loading", "parts"), key | _lists(first.format, each.parts))
                ),
                self.options,
                lambda arrival: self.store.update_locked(conn, game, arrival),
            )
            for each in found:
                self.recorder.game(conn, each.document.origin, each.game, each.result, is_counted=each.is_counted)
            return found

        return [each.file_result for each in self.store.locked(first.game_key, work)]

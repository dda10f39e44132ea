"""Predict the result of a load for each game, without writing or locking anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stanchion.ingest.loading.decide import Choice, Revision, decide, source_of
from stanchion.ingest.loading.fixture import Dates
from stanchion.ingest.loading.keys import name_key
from stanchion.ingest.loading.merging import best_parts, merged_names, packed, unpacked
from stanchion.ingest.loading.parts import Name, Options, PartDocument, by_game, merge, one_by_one
from stanchion.ingest.loading.plan import revision_of
from stanchion.ingest.loading.record import Counts, FileResult, file_result
from stanchion.ingest.loading.store import NO_DATE, Arrival, GameResult, Store, read_choice, read_revisions
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.model import Part, Parts
from stanchion.ingest.reading.parts import best_parts as best_of


@dataclass
class _Seen:
    """One game as it would be stored after the files so far."""

    revisions: dict[bytes, Revision]
    choice: Choice | None
    has_date: bool


class DryRun:
    """Remembers the games it has seen, so that later files of the same game are compared with earlier ones."""

    def __init__(self, store: Store, options: Options) -> None:
        self.store, self.options = store, options
        self._games: dict[str, _Seen] = {}
        self._documents: list[PartDocument] = []
        self._parts: dict[Name, tuple[int, bytes]] = {}  # size and compressed document

    def update(self, arrival: Arrival) -> GameResult:
        """Return the result that Store.update would have for this arrival."""
        game = arrival.game
        seen = self._read(game.game_key)
        before, _ = decide(
            seen.revisions.values(), seen.choice, self.store.settings.shrink_percent, self.store.settings.sources
        )
        old = seen.revisions.get(game.content_hash)
        new = Revision(
            content_hash=game.content_hash,
            exported_at=game.exported_at,
            events=len(game.events),
            is_empty=not game.events and not game.stints,
            is_accepted=arrival.accept_shrink,
            rank=game.rank,
            source=source_of(game.format),
        )
        is_extended = old is not None and (old.rank or "") < (new.rank or "")
        if old:
            newest = max(old.position, new.position)
            exported_at = new.exported_at if newest == new.position else old.exported_at
            new = Revision(
                new.content_hash,
                exported_at,
                old.events,
                old.is_empty,
                old.is_accepted or new.is_accepted,
                max(old.rank or "", new.rank or "") or None,
                old.source,
            )
        seen.revisions[new.content_hash] = new
        if game.rank and not self._has_date(seen, arrival):
            return GameResult("archived", NO_DATE)
        after, states = decide(
            seen.revisions.values(), seen.choice, self.store.settings.shrink_percent, self.store.settings.sources
        )
        state = states[game.content_hash]
        if state != "quarantined" and old and not is_extended and before == after:
            return GameResult("unchanged")
        is_by_another = state == "archived" and after != before
        return GameResult(state, self.store.reason(state, arrival, is_by_another=is_by_another))

    def add(self, document: PartDocument, parts: Parts) -> None:
        """Remember a document with parts of a game."""
        self._documents.append(document)
        for kind, part_hash, size, package in packed(document, parts):
            self._parts[(kind, part_hash)] = (size, package)

    def merge(self) -> Iterator[FileResult]:
        """Yield the results that merging the games of the remembered documents would have."""
        for documents in by_game(self._documents):
            first = documents[0]
            key = {"tenant": self.store.tenant, "game": first.game_key}
            with self.store.session.transaction() as conn:
                best = best_parts(conn, key, first.format)
                merged = merged_names(conn, key, first.format)
            is_known = self.options == Options() and not self._is_quarantined(self._read(first.game_key))
            new = [each for each in documents if not (is_known and merged.issuperset(each.parts))]
            for each in documents:
                if each not in new:
                    yield file_result(each.origin, each.game_key, GameResult("unchanged"), Counts())
            if new:
                yield from one_by_one(new, _Attempt(self, best, merged), (UnreadableError,), _refuse)

    def _is_quarantined(self, seen: _Seen) -> bool:
        """Return whether the game merged last is in quarantine."""
        _, states = decide(
            seen.revisions.values(), seen.choice, self.store.settings.shrink_percent, self.store.settings.sources
        )
        last = max(seen.revisions.values(), key=lambda each: each.rank or "", default=None)
        return last is not None and states[last.content_hash] == "quarantined"

    def _has_date(self, seen: _Seen, arrival: Arrival) -> bool:
        """Return whether a document, the schedule or the caller gives the date of the game."""
        game = arrival.game
        seen.has_date = bool(seen.has_date or game.game_date or game.exported_at or arrival.given_on)
        if not seen.has_date:
            key = {"tenant": self.store.tenant, "game": game.game_key}
            with self.store.session.transaction() as conn:
                teams = (name_key(game.home_team), name_key(game.away_team))
                seen.has_date = self.store.scheduled(conn, key, None, teams) is not None
        return seen.has_date

    def find(self, document: PartDocument) -> list[Part]:
        """Return the parts of a remembered document."""
        return unpacked((kind, *self._parts[(kind, part_hash)]) for kind, part_hash in document.parts)

    def _read(self, game_key: str) -> _Seen:
        if game_key not in self._games:
            key = {"tenant": self.store.tenant, "game": game_key}
            with self.store.session.transaction() as conn:
                rows = read_revisions(conn, key)
                has_date = Dates.of(rows, self.store.settings.ahead_of_utc).day()[0] is not None
                revisions = {row.content_hash: revision_of(row) for row in rows}
                self._games[game_key] = _Seen(revisions, read_choice(conn, key), has_date)
        return self._games[game_key]


@dataclass
class _Attempt:
    """Merges one game with documents, and remembers the parts after each success."""

    dry_run: DryRun
    best: list[Part]
    merged: set[Name]

    def __call__(self, documents: Sequence[PartDocument]) -> list[FileResult]:
        find = self.dry_run.find
        best = best_of((*self.best, *(part for each in documents for part in find(each))))
        added = {name for each in documents for name in each.parts} - self.merged
        found = merge(documents, best, added, find, self.dry_run.options, self.dry_run.update)
        self.best, self.merged = best, self.merged | added
        return [each.file_result for each in found]


def _refuse(document: PartDocument, error: Exception) -> FileResult:
    return FileResult(document.origin.path, "rejected", str(error), document.game_key)

"""Predict the result of a load for each game, without writing or locking anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from stanchion.ingest.loading.decide import Choice, Revision, decide, source_of
from stanchion.ingest.loading.fixture import Dates
from stanchion.ingest.loading.keys import name_key
from stanchion.ingest.loading.parts import Counts, counts, hashes_of, merge, stored_hashes, stored_parts
from stanchion.ingest.loading.plan import revision_of
from stanchion.ingest.loading.store import NO_DATE, Arrival, GameResult, Store, read_choice, read_revisions
from stanchion.ingest.reading.model import Part, Parts
from stanchion.ingest.reading.parts import best_parts


@dataclass
class _Seen:
    """One game as it would be stored after the files so far."""

    revisions: dict[bytes, Revision]
    choice: Choice | None
    has_date: bool


@dataclass
class _Merging:
    """A game of several documents as it would be merged after the files so far."""

    parts: list[Part]  # of each kind the one that is used
    hashes: set[tuple[str, bytes]]  # kind and hash of every part
    counts: Counts = field(default_factory=Counts)


class DryRun:
    """Remembers the games it has seen, so that later files of the same game are compared with earlier ones."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._games: dict[str, _Seen] = {}
        self._merging: dict[tuple[str, str], _Merging] = {}

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

    def add(self, parts: Parts, given_on: date | None, accept_shrink: bool) -> tuple[GameResult, Counts]:
        """Return the result that storing the parts would have, counted as the difference to the documents before.

        Raises UnreadableError when the game cannot be merged with them. They are not remembered then.
        """
        seen = self._read(parts.game_key)
        merging = self._read_parts(parts)
        added = hashes_of(parts.parts) - merging.hashes
        if not (added or given_on or accept_shrink or self._is_quarantined(seen)):
            return GameResult("unchanged"), Counts()
        best = best_parts((*merging.parts, *parts.parts))
        merged = merge(parts, best, added, given_on, accept_shrink)
        merging.parts, merging.hashes = best, merging.hashes | added
        result = self.update(merged.arrival)
        counted = Counts()
        if merged.is_used and result.outcome != "unchanged":
            whole = counts(merged.arrival.game, result)
            counted, merging.counts = whole - merging.counts, whole
        return merged.result(result), counted

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

    def _read_parts(self, parts: Parts) -> _Merging:
        if (parts.game_key, parts.format) not in self._merging:
            key = {"tenant": self.store.tenant, "game": parts.game_key}
            with self.store.session.transaction() as conn:
                found = stored_parts(conn, key, parts.format)
                merging = _Merging(found, stored_hashes(conn, key, parts.format))
                self._merging[(parts.game_key, parts.format)] = merging
        return self._merging[(parts.game_key, parts.format)]

    def _read(self, game_key: str) -> _Seen:
        if game_key not in self._games:
            key = {"tenant": self.store.tenant, "game": game_key}
            with self.store.session.transaction() as conn:
                rows = read_revisions(conn, key)
                has_date = Dates.of(rows, self.store.settings.ahead_of_utc).day()[0] is not None
                revisions = {row.content_hash: revision_of(row) for row in rows}
                self._games[game_key] = _Seen(revisions, read_choice(conn, key), has_date)
        return self._games[game_key]

"""Predict the result of a load for each game, without writing or locking anything."""

from __future__ import annotations

from stanchion.ingest.loading.decide import Choice, Revision, decide
from stanchion.ingest.loading.plan import revision_of
from stanchion.ingest.loading.store import Arrival, GameResult, Store, read_choice, read_revisions


class DryRun:
    """Remembers the games it has seen, so that later files of the same game are compared with earlier ones."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._games: dict[str, tuple[dict[bytes, Revision], Choice | None]] = {}

    def update(self, arrival: Arrival) -> GameResult:
        """Return the result that Store.update would have for this arrival."""
        game = arrival.game
        revisions, choice = self._read(game.game_key)
        before, _ = decide(revisions.values(), choice, self.store.settings.shrink_percent)
        old = revisions.get(game.content_hash)
        new = Revision(
            content_hash=game.content_hash,
            exported_at=game.exported_at,
            events=len(game.events),
            is_empty=not game.events and not game.stints,
            is_accepted=arrival.accept_shrink,
        )
        if old:
            newest = max(old.position, new.position)
            exported_at = new.exported_at if newest == new.position else old.exported_at
            new = Revision(new.content_hash, exported_at, old.events, old.is_empty, old.is_accepted or new.is_accepted)
        revisions[new.content_hash] = new
        after, states = decide(revisions.values(), choice, self.store.settings.shrink_percent)
        state = states[game.content_hash]
        if state != "quarantined" and old and before == after:
            return GameResult("unchanged")
        is_by_another = state == "archived" and after != before
        return GameResult(state, self.store.reason(state, arrival, is_by_another=is_by_another))

    def _read(self, game_key: str) -> tuple[dict[bytes, Revision], Choice | None]:
        if game_key not in self._games:
            key = {"tenant": self.store.tenant, "game": game_key}
            with self.store.session.transaction() as conn:
                rows = read_revisions(conn, key)
                self._games[game_key] = ({row.content_hash: revision_of(row) for row in rows}, read_choice(conn, key))
        return self._games[game_key]

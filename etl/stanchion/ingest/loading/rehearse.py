"""What a load would do to each game, found out without writing or locking anything."""

from __future__ import annotations

from stanchion.ingest.loading.decide import Choice, Revision, decide
from stanchion.ingest.loading.store import Arrival, Store, Verdict, choice_of, read_revisions, revision_of, why


class Rehearsal:
    """Remembers what it has seen: a later file of the same game meets the earlier ones."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._games: dict[str, tuple[dict[bytes, Revision], Choice | None]] = {}

    def settle(self, arrival: Arrival) -> Verdict:
        game = arrival.game
        revisions, choice = self._known(game.game_key)
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
            newest = max(old.place, new.place)
            exported_at = new.exported_at if newest == new.place else old.exported_at
            new = Revision(new.content_hash, exported_at, old.events, old.is_empty, old.is_accepted or new.is_accepted)
        revisions[new.content_hash] = new
        after, states = decide(revisions.values(), choice, self.store.settings.shrink_percent)
        state = states[game.content_hash]
        if state != "quarantined" and old and before == after:
            return Verdict("unchanged")
        if state == "archived" and after != before:
            return why("archived", arrival, self.store.settings.shrink_percent, by_another=True)
        return why(state, arrival, self.store.settings.shrink_percent)

    def _known(self, game_key: str) -> tuple[dict[bytes, Revision], Choice | None]:
        if game_key not in self._games:
            key = {"tenant": self.store.tenant, "game": game_key}
            with self.store.session.transaction() as conn:
                rows = read_revisions(conn, key)
                self._games[game_key] = ({row.content_hash: revision_of(row) for row in rows}, choice_of(conn, key))
        return self._games[game_key]

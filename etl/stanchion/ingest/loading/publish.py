"""Decisions of an operator about a game: publish a revision, withdraw the game, accept its score.

Each decision is a load of its own, so that the marts pick it up like any other change to a game.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from stanchion.errors import StanchionError
from stanchion.ingest.loading.run import LoadResult, finish_load, score_games
from stanchion.ingest.loading.session import Session
from stanchion.ingest.loading.store import Store, read_revisions
from stanchion.paths import query
from stanchion.server.connection import Connection


def publish(session: Session, game_key: str, prefix: str, *, quarantined: bool, reason: str | None) -> str:
    """Publish the archived revision whose hash starts with `prefix`, and return the whole hash.

    Rows of the revision that have expired are written again.
    """
    key = {"tenant": session.tenant_id, "game": game_key}
    with session.transaction() as conn:
        rows = read_revisions(conn, key)
    if not rows:
        raise StanchionError(f"No revision of the game {game_key} was loaded.")
    wanted = prefix.lower()
    found = [row for row in rows if row.content_hash.hex().startswith(wanted)]
    if not re.fullmatch("[0-9a-f]+", wanted) or len(found) != 1:
        many = "several revisions match" if len(found) > 1 else "no revision matches"
        raise StanchionError(
            f"Of the game {game_key}, {many} '{prefix}'; "
            f"list them with: stanchion games revisions {game_key} --tenant {session.tenant}"
        )
    (row,) = found
    shown = row.content_hash.hex()[:12]
    if row.state == "empty":
        raise StanchionError(f"Revision {shown} has no events and no stints, so it cannot be published.")
    if row.state == "quarantined" and not quarantined:
        raise StanchionError(f"Revision {shown} is in quarantine because it loses events; add --quarantined.")
    _choose(session, game_key, row.content_hash, reason)
    return str(row.content_hash.hex())


def withdraw(session: Session, game_key: str, reason: str | None) -> None:
    """Withdraw a published game: its rows are removed, its revisions stay archived."""
    with session.transaction() as conn:
        fixture = conn.execute(
            "select f.content_hash from contest.fixture as f where f.tenant_id = %s and f.game_key = %s",
            [session.tenant_id, game_key],
        ).fetchone()
    if fixture is None or fixture[0] is None:
        raise StanchionError(f"No revision of the game {game_key} is published.")
    _choose(session, game_key, None, reason)


def accept(session: Session, game_key: str, reason: str) -> None:
    """Accept a published game although its score differs from the official one."""
    if not reason.strip():
        raise StanchionError("The reason must not be empty; give it with --reason.")
    with _decision(session, f"accept {game_key}") as store:
        try:
            with session.transaction() as conn:
                game = store.lock(conn, game_key)
                conn.execute("select contest.accept_quality(%s, %s, %s)", [game, reason, store.load_id])
        except psycopg.errors.NoDataFound:
            raise StanchionError(f"No revision of the game {game_key} is published.") from None


def settle(session: Session) -> int:
    """Decide again which source of each game with several sources is published. Return the number of these games."""
    with session.transaction() as conn:
        found = conn.execute(query("ingest/loading", "several_sources"), {"tenant": session.tenant_id})
        games = [game for (game,) in found]
    with _decision(session, "settle the sources") as store:
        for game in games:
            store.update(game)
    return len(games)


def score_quality(session: Session) -> int:
    """Compare tracked games with official scores that changed since the last comparison. Return the number of games."""
    with _decision(session, "compare with confirmed scores") as store:
        return score_games(session, store.load_id)


def _choose(session: Session, game_key: str, content_hash: bytes | None, reason: str | None) -> None:
    with _decision(session, f"{'publish' if content_hash else 'withdraw'} {game_key}") as store:

        def choose(conn: Connection, game: str) -> None:
            conn.execute("select landing.choose_revision(%s, %s, %s)", [game_key, content_hash, reason])
            store.update_locked(conn, game, None, restore=content_hash is not None)

        store.locked(game_key, choose)


@contextmanager
def _decision(session: Session, source: str) -> Iterator[Store]:
    """Begin a load for one decision, and finish it."""
    result = LoadResult(session.begin_load("decision", source))
    result.state = "failed"
    try:
        yield Store(session, result.load_id or 0, session.settings())
        result.state = "done"
        result.outcomes["decided"] += 1
    finally:
        finish_load(session, result)

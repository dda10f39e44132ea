"""What a person decides about a game: to publish a revision, to take the game back, to accept its score.

Each is a load of its own, so that whatever is built from games learns of it as of any other change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from stanchion.errors import StanchionError
from stanchion.ingest.loading.run import Total, finish, judge
from stanchion.ingest.loading.session import Session
from stanchion.ingest.loading.store import Store, Verdict, read_revisions
from stanchion.paths import query
from stanchion.server.connection import Connection


def publish(session: Session, game_key: str, prefix: str, *, quarantined: bool, reason: str | None) -> str:
    """Publish the archived revision whose hash begins so, and have its rows again if they expired; its hash."""
    key = {"tenant": session.tenant_id, "game": game_key}
    with session.transaction() as conn:
        rows = read_revisions(conn, key)
    if not rows:
        raise StanchionError(f"No revision of {game_key} was loaded.")
    wanted = prefix.lower()
    found = [row for row in rows if row.content_hash.hex().startswith(wanted)]
    if not re.fullmatch("[0-9a-f]+", wanted) or len(found) != 1:
        many = "several revisions begin" if len(found) > 1 else "no revision begins"
        raise StanchionError(f"Of {game_key} {many} with '{prefix}'; see: stanchion revisions {game_key}")
    (row,) = found
    if row.state == "empty":
        raise StanchionError("That revision has no events and no stints; there is nothing to publish.")
    if row.state == "quarantined" and not quarantined:
        raise StanchionError("That revision is in quarantine, since it loses events; publish it with --quarantined.")
    _decide(session, game_key, row.content_hash, reason)
    return str(row.content_hash.hex())


def withdraw(session: Session, game_key: str, reason: str | None) -> None:
    """Take back what is published of a game."""
    with session.transaction() as conn:
        fixture = conn.execute(
            "select f.content_hash from contest.fixture as f where f.tenant_id = %s and f.game_key = %s",
            [session.tenant_id, game_key],
        ).fetchone()
    if fixture is None or fixture[0] is None:
        raise StanchionError(f"Nothing of {game_key} is published.")
    _decide(session, game_key, None, reason)


def accept(session: Session, game_key: str, reason: str) -> None:
    """Accept a published game though it contradicts the official score."""
    if not reason.strip():
        raise StanchionError("Say why, with --reason.")
    with _decision(session, f"accept {game_key}") as store:
        try:
            with session.transaction() as conn:
                _lock(store, conn, game_key)
                conn.execute("select contest.accept_quality(%s, %s, %s)", [game_key, reason, store.load_id])
        except psycopg.errors.NoDataFound:
            raise StanchionError(f"Nothing of {game_key} is published.") from None


def judge_scores(session: Session) -> int:
    """Compare tracked games with scores that were confirmed or amended since; how many games that was."""
    with _decision(session, "compare with confirmed scores") as store:
        return judge(session, store.load_id)


def _decide(session: Session, game_key: str, content_hash: bytes | None, reason: str | None) -> Verdict:
    with _decision(session, f"{'publish' if content_hash else 'withdraw'} {game_key}") as store:

        def choose(conn: Connection) -> None:
            conn.execute("select landing.choose_revision(%s, %s, %s)", [game_key, content_hash, reason])

        return store.settle(game_key, first=choose, restore=content_hash is not None)


def _lock(store: Store, conn: Connection, game_key: str) -> None:
    conn.execute(query("ingest/loading", "lock"), {"tenant": store.tenant, "game": game_key})


@contextmanager
def _decision(session: Session, source: str) -> Iterator[Store]:
    """A load of one decision."""
    total = Total(session.begin_load("decision", source))
    total.state = "failed"
    try:
        yield Store(session, total.load_id or 0, session.settings())
        total.state = "done"
        total.outcomes["decided"] += 1
    finally:
        finish(session, total)

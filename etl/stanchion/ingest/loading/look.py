"""Queries about loads, rejects, revisions and quality, as rows that commands print."""

from typing import Any

from psycopg.rows import dict_row

from stanchion.ingest.loading.session import Session
from stanchion.ingest.loading.store import game_keys
from stanchion.paths import query


def loads(session: Session, last: int) -> list[dict[str, Any]]:
    """Return the latest loads, newest first, with their outcomes as text."""
    rows = _rows(session, "loads", last=last)
    return [row | {"outcomes": [f"{count} {name}" for name, count in row["outcomes"].items()]} for row in rows]


def rejects(session: Session, load_id: int | None) -> list[dict[str, Any]]:
    """Return the rejects and quarantined games of a load (None: the latest load)."""
    return _rows(session, "rejects", load=load_id)


def revisions(session: Session, game_key: str) -> list[dict[str, Any]]:
    """Return all revisions of a game, in the order of their exports."""
    with session.transaction() as conn:
        games = game_keys(conn, game_key)
    return _rows(session, "revisions_of", games=games)


def quality(session: Session) -> list[dict[str, Any]]:
    """Return the tracked and the official score of each published game, with its flags."""
    return _rows(session, "quality_of")


def _rows(session: Session, name: str, **values: Any) -> list[dict[str, Any]]:
    with session.transaction() as conn:
        cursor = conn.cursor(row_factory=dict_row)
        return cursor.execute(query("ingest/loading", name), {"tenant": session.tenant_id} | values).fetchall()

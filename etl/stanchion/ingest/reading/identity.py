"""The content hash. Exports of a game with the same hash are the same revision, whatever their spelling."""

import hashlib
from collections.abc import Iterable

import msgspec

from stanchion.ingest.reading.model import Entry, Rows


def content_hash(teams: Iterable[str], rosters: Iterable[Entry], rows: Rows) -> bytes:
    """Return the SHA-256 of teams, rosters, events and stints in canonical form, without properties of the file."""
    digest = hashlib.sha256(msgspec.json.encode((tuple(teams), tuple(rosters))))
    for part in (rows.canonical, rows.tables["play_point"], rows.tables["stint"], rows.tables["stint_player"]):
        digest.update(f"\n{len(part)}\n".encode())
        digest.update("\n".join(part).encode())
    return digest.digest()

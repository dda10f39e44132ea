"""Find the documents of a load that another document of the same load supersedes, before any of them is read whole.

A tracker writes an autosave every half minute. Of these documents, a load first reads the one whose revision will be
published. The others are then archived without being published. The order is only a matter of time: every order ends in
the same rows, and a document that is not an export of a tracker takes part in none.
"""

import zlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from stanchion.ingest.loading.decide import Revision, decide
from stanchion.ingest.reading.values import BadValueError, moment, text

_MOST_BYTES, _MOST_VALUES = 2 * 2**20, 1_000_000  # of a larger document the values are counted: each needs memory
_NONE = msgspec.Raw(b"[]")


class _Export(msgspec.Struct, gc=False, rename={"game": "gameId", "exported": "exportDate", "saved": "savedAt"}):
    events: list[msgspec.Raw]
    rosters: msgspec.Raw
    game: Any
    exported: Any = None
    saved: Any = None
    shifts: msgspec.Raw = _NONE


@dataclass(frozen=True, slots=True)
class Look:
    """The facts about an export that decide its order."""

    game: str
    exported_at: datetime
    events: int
    is_empty: bool
    content: bytes  # equal for copies of the same events, stints and rosters in the same spelling


_decoder = msgspec.json.Decoder(_Export)


def look(data: bytes) -> Look | None:
    """Return the facts about the export of a tracker.

    None for another document, one without a game or a time, and one with so many values that it may be an attack.
    """
    if not data.startswith(b"{") or (len(data) > _MOST_BYTES and data.count(b",") > _MOST_VALUES):
        return None
    try:
        export = _decoder.decode(data)
        game = text(export.game)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, BadValueError):
        return None
    exported_at = moment(export.exported) or moment(export.saved)
    if game is None or exported_at is None:
        return None
    check = 0
    for part in (*export.events, export.shifts, export.rosters):
        check = zlib.crc32(part, check)
    is_empty = not export.events and not bytes(export.shifts).strip(b"[] \t\r\n")
    return Look(game, exported_at, len(export.events), is_empty, f"{len(export.events)} {check}".encode())


def superseded(looks: Iterable[tuple[int, Look]], shrink_percent: Decimal, *, is_accepted: bool) -> frozenset[int]:
    """Return the numbers of the documents that another one supersedes, if the load decided from them alone."""
    games: dict[str, dict[bytes, list[tuple[int, Look]]]] = defaultdict(lambda: defaultdict(list))
    for number, each in looks:
        games[each.game][each.content].append((number, each))
    found: set[int] = set()
    for copies in games.values():
        revisions = [_revision(content, list(of), is_accepted) for content, of in copies.items()]
        published, _ = decide(revisions, None, shrink_percent)
        if published is not None:
            # of several copies the first is kept, so it is read first
            _, first = min((each.exported_at, number) for number, each in copies[published])
            found |= {number for of in copies.values() for number, _ in of} - {first}
    return frozenset(found)


def _revision(content: bytes, copies: list[tuple[int, Look]], is_accepted: bool) -> Revision:
    _, one = copies[0]
    return Revision(content, max(each.exported_at for _, each in copies), one.events, one.is_empty, is_accepted)

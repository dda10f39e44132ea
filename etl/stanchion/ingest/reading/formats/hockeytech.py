"""HockeyTech: up to four documents of a game, which are merged into one game.

They are the events (a list), the summary, the summary of the game centre (lengths of the periods) and the shifts. Each
is a file of its own, named after the game like 42_pbp.json, or they are the keys of one object.
"""

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any, Final

import msgspec

from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.feed import identifier
from stanchion.ingest.reading.hockeytech.documents import FORMAT, SHAPES, part
from stanchion.ingest.reading.hockeytech.merge import merge
from stanchion.ingest.reading.jsontext import LIST, Envelope
from stanchion.ingest.reading.known import inner
from stanchion.ingest.reading.model import Part, Parts
from stanchion.ingest.reading.recognise import JsonFormat, PartsFormat
from stanchion.ingest.reading.values import BadValueError

_KINDS: Final = {"pbp": "events", "summary": "summary", "gamesummary": "gamesummary", "shifts": "shifts"}  # by key
_LEADING_NUMBER: Final = re.compile(r"0*([1-9]\d{0,17})(?!\d)", re.ASCII)


def _read_events(envelope: Envelope) -> Iterator[Parts]:
    yield _parts(_key_of_name(envelope.path), part("events", envelope.value(LIST)))


def _read_summary(envelope: Envelope) -> Iterator[Parts]:
    tree = {name: envelope.value(name) for name in ("details", "homeTeam", "visitingTeam", "periods")}
    yield _parts(_key(inner(tree, "details", "id")) or _key_of_name(envelope.path), part("summary", tree))


def _read_answer(envelope: Envelope) -> Iterator[Parts]:
    """Read the answer of a service that contains the lengths of the periods or the shifts."""
    names = ("GC", "SiteKit", "Gamesummary", "Gameshifts")
    answer: dict[str, Any] = {name: envelope.value(name) for name in names}
    content = answer["GC"] or answer["SiteKit"] or answer
    if inner(content, "Gamesummary"):
        found = part("gamesummary", content)
        key = _key(inner(msgspec.json.decode(found.document), "meta", "id"))
    elif inner(content, "Gameshifts"):
        found, key = part("shifts", content), None
    else:
        raise UnreadableError("The answer of the service contains neither the summary of a game nor shifts.")
    yield _parts(key or _key_of_name(envelope.path), found)


def _read_game(envelope: Envelope) -> Iterator[Parts]:
    """Read an object with several documents. When one of them cannot be read, the others still count."""
    summary_id, game_id = _key(inner(envelope.value("summary"), "details", "id")), _key(envelope.value("game_id"))
    if summary_id and game_id and summary_id != game_id:
        raise UnreadableError("The game_id of the object and the id in its summary differ.")
    key = game_id or summary_id or _key_of_name(envelope.path)
    found: list[Part] = []
    reasons: list[str] = []
    for name, kind in _KINDS.items():
        tree = envelope.value(name)
        if tree:
            try:
                found.append(part(kind, tree))
            except UnreadableError as error:
                reasons.append(f"The value of the key {name} was left out. {error}")
    if found:
        yield _parts(key, *found)
    if reasons or not found:
        raise UnreadableError(reasons[0] if reasons else "The object contains no document of a game.")


def _parts(key: str, *parts: Part) -> Parts:
    return Parts(key, FORMAT, parts)


def _key(value: Any) -> str | None:
    """Return the id of a game as text; None when it is empty."""
    try:
        return identifier(value)
    except BadValueError:
        raise UnreadableError("The id of the game is too long.") from None


def _key_of_name(path: str) -> str:
    """Return the number with which the name of a file begins."""
    found = _LEADING_NUMBER.match(PurePath(path).name)
    if not found:
        raise UnreadableError(
            "The document contains no id of its game. Begin the name of its file with the id, like 42_pbp.json."
        )
    return found[1]


FORMATS = (
    JsonFormat(f"{FORMAT} events", ((f"{LIST}.event",), (f"{LIST}.details",)), _read_events, of=FORMAT),
    JsonFormat(f"{FORMAT} summary", (("details",), ("homeTeam",), ("visitingTeam",)), _read_summary, of=FORMAT),
    JsonFormat(f"{FORMAT} answer", (("GC", "SiteKit", "Gamesummary", "Gameshifts"),), _read_answer, of=FORMAT),
    JsonFormat(f"{FORMAT} game", (("game_id",), ("pbp", "summary", "gamesummary", "shifts")), _read_game, of=FORMAT),
    PartsFormat(FORMAT, merge, SHAPES),
)

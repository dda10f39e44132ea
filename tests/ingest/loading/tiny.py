"""A tiny format of several documents a game, so that the tests of loading depend on no format of a league.

A document has one kind of entries: `info` has the teams and the date, `plays` the goals, `box` the official goals.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stanchion.ingest.reading import recognise
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.feed import Feed
from stanchion.ingest.reading.formats import game_export, merged
from stanchion.ingest.reading.jsontext import Envelope
from stanchion.ingest.reading.model import Game, Part, Parts
from stanchion.ingest.reading.recognise import JsonFormat, PartsFormat

NAME = "tiny"
KINDS = ("box", "info", "plays")


def document(kind: str, entries: int = 1, game: str = "T1", **keys: Any) -> dict[str, Any]:
    """Return a document with this number of entries."""
    rows: dict[str, list[Any]] = {
        "info": [{"home": "Kestrels", "away": "Ferrymen", "day": "2026-01-16"}],
        "plays": [[1 + number // 20, number % 20, number % 11 + 1] for number in range(entries)],
        "box": [["player", "home", player, "goals", 1] for player in range(1, entries + 1)],
    }
    return {"tiny": game, "kind": kind, "entries": rows[kind]} | keys


def write(folder: Path, *documents: Any) -> Path:
    """Write each document to a file of its own, in the order given."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, each in enumerate(documents):
        (folder / f"{number:03}.json").write_text(json.dumps(each))
    return folder


def register(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the format instead of the formats of leagues. Forked loader processes inherit it."""
    monkeypatch.setattr(recognise, "registered", lambda: (*game_export.FORMATS, *merged.FORMATS, *FORMATS))


def _read(envelope: Envelope) -> Iterator[Parts]:
    key, entries = envelope.value("tiny"), envelope.value("entries")
    for game in key if isinstance(key, list) else [key]:
        yield Parts(game, NAME, (Part(envelope.value("kind"), len(entries), msgspec.json.encode(entries)),))


def _merge(game_key: str, parts: Mapping[str, bytes]) -> Game:
    found = {kind: msgspec.json.decode(part) for kind, part in parts.items()}
    if [] in found.values():
        raise UnreadableError("The document has no entries.")
    info = next(iter(found.get("info", [])), {})
    feed = Feed(NAME, game_key, info.get("home"), info.get("away"), played_on=info.get("day"), lacks=("hits",))
    for player in range(1, 12):
        feed.person("home", player, player, f"Home {player}", "C")
    for number, (period, minute, scorer) in enumerate(found.get("plays", [])):
        with feed.row(number, [period, minute, scorer]):
            left = feed.remaining(period, f"{minute}:00")
            feed.play(period, left, "Goal", "Goal_Scored", side="home", people=[("event", 1, scorer, None)])
    for scope, side, player, name, value in found.get("box", []):
        feed.figure(scope, side, player, name, value)
    return feed.game()


FORMATS = (
    JsonFormat("tiny document", (("tiny",), ("kind",), ("entries",)), _read),
    PartsFormat(NAME, _merge),
)

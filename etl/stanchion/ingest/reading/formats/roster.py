"""The roster file: the players of both sides and the day of the game, which the game export does not contain."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from stanchion.ingest.reading.assemble import assemble
from stanchion.ingest.reading.jsontext import Envelope
from stanchion.ingest.reading.model import Game
from stanchion.ingest.reading.recognise import JsonFormat
from stanchion.ingest.reading.shape import SourceEntry, SourceGame


class _Line(Struct):
    n: Any = None
    id: Any = None
    name: Any = None
    pos: Any = None


def _read(envelope: Envelope) -> Iterator[Game]:
    source = SourceGame(
        format="roster",
        events=[],
        rosters={"home": _entries(envelope, "homeRoster"), "away": _entries(envelope, "awayRoster")},
        game_id=envelope.value("gid"),
        game_date=envelope.value("date"),
        home_team=envelope.value("homeTeam"),
        away_team=envelope.value("awayTeam"),
    )
    source.repaired = envelope.repaired
    yield assemble(source)


def _entries(envelope: Envelope, key: str) -> list[Any]:
    return [
        SourceEntry(line.id, line.n, line.name, line.pos) if isinstance(line, _Line) else line
        for line in envelope.pieces(key, _Line)
    ]


FORMATS = (JsonFormat("roster", (("gid",), ("homeRoster", "awayRoster")), _read),)

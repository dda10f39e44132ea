"""The game export of the browser tracker: the download, its autosave, and the backup, which has more settings."""

from collections.abc import Iterator
from typing import Any

import msgspec

from stanchion.ingest.reading.assemble import assemble
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.jsontext import Envelope, convert
from stanchion.ingest.reading.model import Game
from stanchion.ingest.reading.recognise import JsonFormat
from stanchion.ingest.reading.rosters import OTHER
from stanchion.ingest.reading.shape import (
    Piece,
    SourceEntry,
    SourceEvent,
    SourceGame,
    SourcePlayer,
    SourceStint,
    coerce,
)

_BACKUP = {"highlightVideos", "autoSettings", "customRules", "customLinkingRules", "eventMacros"}
ARCHIVED = (
    "game export",
    "backup",
    "workbook",
    "roster",
)  # formats whose archived document has this shape and names its format


def _read(envelope: Envelope) -> Iterator[Game]:
    source = SourceGame(
        format=_format(envelope),
        events=[_event(piece) for piece in envelope.pieces("events", SourceEvent)],
        rosters=_rosters(envelope),
        game_id=envelope.value("gameId"),
        game_date=envelope.value("date"),
        export_date=envelope.value("exportDate"),
        saved_at=envelope.value("savedAt"),
        home_team=envelope.value("homeTeam"),
        away_team=envelope.value("awayTeam"),
        home_colour=envelope.value("homeColor"),
        away_colour=envelope.value("awayColor"),
        shifts=envelope.pieces("shifts", SourceStint),
        period_lengths=_numeric_lengths(envelope.value("periodLengths")),
        penalty_lengths=_numeric_lengths(envelope.value("penaltyLengths")),
        home_attacks_right=envelope.value("homeAttacksRightP1"),
    )
    source.repaired = envelope.repaired + _archived_repairs(envelope)
    yield assemble(source)


def _format(envelope: Envelope) -> str:
    named = envelope.value("format")
    if isinstance(named, str) and named in ARCHIVED:
        return named
    return "backup" if _BACKUP & envelope.keys else "game export"


def _archived_repairs(envelope: Envelope) -> int:
    """Return the number of replacements that an archived document records; 0 for any other document."""
    repaired = envelope.value("repaired")
    return repaired if isinstance(repaired, int) and 0 < repaired < 2**31 else 0


def _rosters(envelope: Envelope) -> dict[str, list[Any]]:
    rosters = envelope.value("rosters") or {}
    if not isinstance(rosters, dict) or not all(isinstance(rosters.get(side) or [], list) for side in OTHER):
        raise UnreadableError("The value of the key rosters is not an object with a list of players for each side.")
    return {side: [convert(line, SourceEntry) for line in rosters.get(side) or ()] for side in OTHER}


def _event(piece: Any) -> Any:
    """Convert an event with parts that are not objects: such participants are rejected later, such points ignored."""
    if not isinstance(piece, dict):
        return piece
    players = piece.get("players")
    if players is not None and not isinstance(players, list):
        return piece
    event = _convert(piece | {"players": None}, SourceEvent)
    if players is not None:
        event.players = [_convert(player, SourcePlayer) if isinstance(player, dict) else player for player in players]
    return event


def _convert(piece: dict[str, Any], kind: type[Piece]) -> Piece:
    known = {entry.name: piece.get(entry.encode_name) for entry in msgspec.structs.fields(kind)}
    return coerce(kind(**known))


def _numeric_lengths(lengths: Any) -> dict[str, int | float | str] | None:
    """Keep only the numeric lengths, so that no other data among them is archived."""
    if not isinstance(lengths, dict):
        return None
    return {key: value for key, value in lengths.items() if isinstance(value, int | float) or _is_decimal(value)}


def _is_decimal(value: Any) -> bool:
    return isinstance(value, str) and value.replace(".", "", 1).isdigit()


FORMATS = (JsonFormat("game export", (("gameId",), ("events",), ("rosters", "shifts", "homeTeam")), _read),)

"""The game export of the browser tracker: the download, its autosave, and the backup with more settings in it."""

from collections.abc import Iterator
from typing import Any

import msgspec

from stanchion.ingest.reading.assemble import assemble
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.jsontext import Envelope, convert
from stanchion.ingest.reading.model import Game
from stanchion.ingest.reading.recognise import JsonFormat
from stanchion.ingest.reading.rosters import OTHER
from stanchion.ingest.reading.shape import Piece, SourceEntry, SourceEvent, SourceGame, SourcePlayer, SourceStint, fit

_BACKUP = {"highlightVideos", "autoSettings", "customRules", "customLinkingRules", "eventMacros"}
ARCHIVED = ("game export", "backup", "workbook", "roster")  # what is archived in this shape says which it was


def _recognises(keys: set[str]) -> bool:
    return {"gameId", "events"} <= keys and bool({"rosters", "shifts", "homeTeam"} & keys)


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
        shifts=envelope.pieces("shifts", SourceStint),
        period_lengths=_plain(envelope.value("periodLengths")),
        penalty_lengths=_plain(envelope.value("penaltyLengths")),
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
    repaired = envelope.value("repaired")
    return repaired if isinstance(repaired, int) and 0 < repaired < 2**31 else 0


def _rosters(envelope: Envelope) -> dict[str, list[Any]]:
    rosters = envelope.value("rosters") or {}
    if not isinstance(rosters, dict) or not all(isinstance(rosters.get(side) or [], list) for side in OTHER):
        raise UnreadableError("What the file has under rosters is not a list of players for each side.")
    return {side: [convert(line, SourceEntry) for line in rosters.get(side) or ()] for side in OTHER}


def _event(piece: Any) -> Any:
    """An event of which a part is no object still counts: such participants are rejected, such points are nothing."""
    if not isinstance(piece, dict):
        return piece
    players = piece.get("players")
    if players is not None and not isinstance(players, list):
        return piece
    event = _fit(piece | {"players": None}, SourceEvent)
    if players is not None:
        event.players = [_fit(player, SourcePlayer) if isinstance(player, dict) else player for player in players]
    return event


def _fit(piece: dict[str, Any], kind: type[Piece]) -> Piece:
    known = {entry.name: piece.get(entry.encode_name) for entry in msgspec.structs.fields(kind)}
    return fit(kind(**known))


def _plain(lengths: Any) -> dict[str, int | float | str] | None:
    """Lengths by name: nothing else that may be hidden among them."""
    if not isinstance(lengths, dict):
        return None
    return {key: value for key, value in lengths.items() if isinstance(value, int | float) or _digits(value)}


def _digits(value: Any) -> bool:
    return isinstance(value, str) and value.replace(".", "", 1).isdigit()


FORMATS = (JsonFormat("game export", _recognises, _read),)

"""The archived form of a game that was merged from several documents."""

from collections.abc import Iterator

import msgspec

from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.jsontext import Envelope
from stanchion.ingest.reading.known import known
from stanchion.ingest.reading.model import Game
from stanchion.ingest.reading.parts import archived
from stanchion.ingest.reading.recognise import JsonFormat, parts_format
from stanchion.ingest.reading.values import BadValueError, text

_LONGEST_RANK = 1000


def _read(envelope: Envelope) -> Iterator[Game]:
    name, key, rank, parts = (envelope.value(field) for field in ("merged", "game", "rank", "parts"))
    if not isinstance(name, str) or not isinstance(key, str) or not isinstance(parts, dict):
        raise UnreadableError("The archived game is not in the form of merged documents.")
    try:
        game_key = text(key)
    except BadValueError as error:
        raise UnreadableError(f"The id of the game cannot be stored: {error}") from None
    if game_key is None or not isinstance(rank, str) or len(rank) > _LONGEST_RANK:
        raise UnreadableError("The archived game is not in the form of merged documents.")
    entry = parts_format(name)
    cut = {kind: known(part, entry.shapes[kind]) if kind in entry.shapes else part for kind, part in parts.items()}
    documents = {kind: msgspec.json.encode(part) for kind, part in sorted(cut.items())}
    game = entry.merge(game_key, documents)
    yield msgspec.structs.replace(game, document=archived(name, game_key, rank, documents), rank=rank)


FORMATS = (JsonFormat("archived game of several documents", (("merged",), ("game",), ("rank",), ("parts",)), _read),)

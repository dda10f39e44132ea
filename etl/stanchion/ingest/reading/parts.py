"""Merge the documents of one game, which arrive in any order.

Of two parts of one kind, the one with more entries is used, and of equal ones the one with the greater hash. A game is
therefore a function of the set of its parts.
"""

import hashlib
from collections.abc import Iterable, Mapping

import msgspec

from stanchion.ingest.reading import recognise
from stanchion.ingest.reading.model import Game, Part


def part_hash(part: Part) -> bytes:
    """Return the SHA-256 of the document of a part."""
    return hashlib.sha256(part.document).digest()


def best_parts(parts: Iterable[Part]) -> list[Part]:
    """Return the part of each kind that a game is merged from, ordered by kind."""
    best: dict[str, tuple[int, bytes, Part]] = {}
    for part in parts:
        candidate = (part.size, part_hash(part), part)
        if part.kind not in best or best[part.kind][:2] < candidate[:2]:
            best[part.kind] = candidate
    return [best[kind][2] for kind in sorted(best)]


def merge_parts(format_name: str, game_key: str, parts: Iterable[Part]) -> Game:
    """Build a game from all parts that have arrived, with a rank that is higher the more and the larger they are."""
    best = best_parts(parts)
    documents = {part.kind: part.document for part in best}
    game = recognise.parts_format(format_name).merge(game_key, documents)
    rank = f"{len(best):02d}" + "".join(f" {part.kind} {part.size:09d} {part_hash(part).hex()[:16]}" for part in best)
    return msgspec.structs.replace(game, document=archived(format_name, game_key, rank, documents), rank=rank)


def archived(format_name: str, game_key: str, rank: str, documents: Mapping[str, bytes]) -> bytes:
    """Return the archived form of a game that was merged from these documents, by kind."""
    parts = {kind: msgspec.Raw(document) for kind, document in documents.items()}
    return msgspec.json.encode({"merged": format_name, "game": game_key, "rank": rank, "parts": parts})

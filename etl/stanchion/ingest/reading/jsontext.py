"""JSON as trackers write it, decoded once and quickly; and slowly, piece by piece, where it is damaged.

A document is opened as an envelope: its keys, with what is under each still undecoded. So a format looks only
under the keys it knows, and a secret under another one is not even decoded, unless the document is damaged.
"""

import codecs
import json
import re
from typing import Any, TypeVar

import msgspec

from stanchion.ingest.reading.errors import UnreadableError

LARGEST = 256 * 2**20  # bytes of one JSON document; a game is two million, one of 50,000 events 70 million
LARGEST_REPAIRED = 64 * 2**20  # bytes; the slow decoder takes ten times the memory
MOST_OBJECTS = 500_000  # a game has 10,000; without this bound 100 MB of {},{},{} would take ten gigabytes
MOST_VALUES = 6_000_000  # a game has 100,000
_SMALL = 2 * 2**20  # bytes in which there is no room for too much of anything, so nothing is counted
MOST_PIECES = 100_000  # of one list; each may be rejected, with its position and what it was
TOO_MUCH = "The file holds more than any game could."
REPLACEMENT = "\ufffd"
T = TypeVar("T")
_FAILURES = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)  # a ValidationError is a DecodeError
_envelope = msgspec.json.Decoder(dict[str, msgspec.Raw])
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Envelope:
    """The keys of a JSON document. `repaired` counts what had to be replaced under those that were read."""

    def __init__(self, data: bytes) -> None:
        data = as_utf8(data)
        if len(data) > _SMALL and (data.count(b"{") > MOST_OBJECTS or data.count(b",") > MOST_VALUES):
            raise UnreadableError(TOO_MUCH)
        self.repaired = 0
        self._parts: dict[str, msgspec.Raw | bytes] = {}
        try:
            self._parts.update(_envelope.decode(data))
        except _FAILURES:
            tree = _lenient(data)
            if not isinstance(tree, dict):
                raise UnreadableError("The file is JSON, but not an object with keys.") from None
            self._parts.update((key, json.dumps(part).encode()) for key, part in tree.items())
        self.keys = self._parts.keys()

    def value(self, key: str) -> Any:
        """What is under the key, as it is; None when the key is absent."""
        return self._decode(key, Any)

    def pieces(self, key: str, kind: type[T]) -> list[T | Any]:
        """The list under the key; a piece that is not of this kind is there as the plain value it is."""
        part = self._parts.get(key)
        if part is None:
            return []
        if not _holds_nul(_bytes(part)):
            try:
                found: list[T] | None = msgspec.json.decode(part, type=list[kind] | None)  # type: ignore[valid-type]
                return _bounded(found or [])
            except _FAILURES:
                pass
        tree = self._repair(part)
        if tree is None:
            return []
        if not isinstance(tree, list):
            raise UnreadableError(f"What the file has under {key} is not a list.")
        return [convert(piece, kind) for piece in _bounded(tree)]

    def _decode(self, key: str, kind: Any) -> Any:
        part = self._parts.get(key)
        if part is None:
            return None
        if not _holds_nul(_bytes(part)):
            try:
                return msgspec.json.decode(part, type=kind)
            except _FAILURES:
                pass
        return self._repair(part)

    def _repair(self, part: msgspec.Raw | bytes) -> Any:
        tree, repaired = repair(_lenient(_bytes(part)))
        self.repaired += repaired
        return tree


def as_utf8(data: bytes) -> bytes:
    """The text as UTF-8 without a byte order mark, whichever of the usual encodings it came in."""
    if len(data) > LARGEST:
        raise UnreadableError(f"The file is larger than {LARGEST // 2**20} MB, which no export of a game is.")
    if data.startswith(codecs.BOM_UTF8):
        return data[len(codecs.BOM_UTF8) :]
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return data.decode("utf-16").encode()
        except UnicodeError:
            raise UnreadableError("The file says it is UTF-16, but it is not.") from None
    return data


def repair(tree: Any) -> tuple[Any, int]:
    """The tree with what Postgres cannot store replaced, and how often. Not recursive: depth is the file's choice."""
    repaired = 0
    box = [tree]
    waiting: list[Any] = [box]
    while waiting:
        piece = waiting.pop()
        if isinstance(piece, dict):
            for name in [name for name in piece if _UNSTORABLE.search(name)]:
                piece[_UNSTORABLE.sub(REPLACEMENT, name)] = piece.pop(name)
                repaired += 1
        for key in range(len(piece)) if isinstance(piece, list) else list(piece):
            value = piece[key]
            if isinstance(value, list | dict):
                waiting.append(value)
            elif isinstance(value, str) and _UNSTORABLE.search(value):
                piece[key] = _UNSTORABLE.sub(REPLACEMENT, value)
                repaired += 1
            elif isinstance(value, float) and not abs(value) < float("inf"):
                piece[key] = None
                repaired += 1
    return box[0], repaired


def _bounded(pieces: list[T]) -> list[T]:
    if len(pieces) > MOST_PIECES:
        raise UnreadableError(TOO_MUCH)
    return pieces


def _holds_nul(text: bytes) -> bool:
    return b"\\" in text and b"\\u0000" in text  # the first alone is found, or not, many times faster


def _bytes(part: msgspec.Raw | bytes) -> bytes:
    return part if isinstance(part, bytes) else bytes(part)


def convert(piece: Any, kind: type[T]) -> T | Any:
    """The piece as an object of this kind, or else the plain value it is: of an object, what is under known keys."""
    try:
        return msgspec.convert(piece, kind)
    except (msgspec.ValidationError, RecursionError):
        known = {entry.encode_name for entry in msgspec.structs.fields(kind)}  # type: ignore[arg-type]
        return {key: part for key, part in piece.items() if key in known} if isinstance(piece, dict) else piece


def _lenient(data: bytes) -> Any:
    """Decode what the fast decoder refuses: NaN, lone surrogates. Numbers too long for anybody are refused."""
    if len(data) > LARGEST_REPAIRED:
        raise UnreadableError("The file is not JSON, or damaged and too large to be repaired.")
    try:
        return json.loads(data.decode())
    except UnicodeDecodeError:
        raise UnreadableError("The file is not UTF-8 text.") from None
    except json.JSONDecodeError as error:
        if not data.strip():
            raise UnreadableError("The file is empty.") from None
        truncated = error.pos >= len(data.decode().rstrip()) - 1 and error.msg != "Extra data"
        reason = "The file ends in the middle: it was truncated" if truncated else "The file is not JSON"
        raise UnreadableError(f"{reason} (line {error.lineno}, column {error.colno}).") from None
    except RecursionError:
        raise UnreadableError("The file is nested deeper than any export.") from None
    except ValueError:
        raise UnreadableError("The file holds a number of thousands of digits.") from None

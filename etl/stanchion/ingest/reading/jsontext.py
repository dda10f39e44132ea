"""Decode the JSON that trackers write: with a fast decoder, or piece by piece with a slow one when it is damaged.

A document is opened as an envelope: its keys, each with undecoded bytes. A format decodes only the keys that it uses.
A secret under another key is therefore never decoded, unless the document is damaged.
"""

import codecs
import json
import re
from typing import Any, TypeVar

import msgspec

from stanchion.ingest.reading.errors import UnreadableError

MAX_BYTES = 256 * 2**20  # of one JSON document; a usual game has 2 million, one with 50,000 events 70 million
MAX_REPAIRED_BYTES = 64 * 2**20  # of a damaged JSON document; the slow decoder needs ten times the memory
MAX_OBJECTS = 500_000  # a usual game has 10,000; without this limit 100 MB of {},{},{} would need 10 GB of memory
MAX_VALUES = 6_000_000  # a usual game has 100,000
_UNCOUNTED_BYTES = 2 * 2**20  # up to this size a document needs no count, because it cannot fill the memory
MAX_PIECES = 100_000  # of one list; each piece may be rejected and stored with its position
TOO_MANY_VALUES = "The file contains more objects or values than the largest possible game."
REPLACEMENT = "\ufffd"
LIST = "[]"
T = TypeVar("T")
_FAILURES = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)  # ValidationError is a subclass of DecodeError
_envelope = msgspec.json.Decoder(dict[str, msgspec.Raw])
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
CALLBACK = re.compile(rb"\s*[A-Za-z_$][\w$.]{0,60}\s*\((?=\s*[{\[])")  # before JSON that a script receives


class Envelope:
    """The keys of a JSON document. `repaired` counts the replacements of characters and numbers under decoded keys.

    A document that is a list is under the key LIST, and the keys of its first object are LIST.name. `path` is the name
    of the file as shown to the user.
    """

    def __init__(self, data: bytes, path: str = "") -> None:
        self.path = path
        data = without_callback(as_utf8(data))
        if len(data) > _UNCOUNTED_BYTES and (data.count(b"{") > MAX_OBJECTS or data.count(b",") > MAX_VALUES):
            raise UnreadableError(TOO_MANY_VALUES)
        self.repaired = 0
        self._parts: dict[str, msgspec.Raw | bytes] = {}
        names: set[str] = set()  # of the first object of a list
        try:
            self._parts.update(_envelope.decode(data))
        except _FAILURES:
            pieces = _pieces(data)
            self._parts.update({LIST: data} if pieces is not None else _lenient_parts(data))
            names = next((set(piece) for piece in pieces or () if isinstance(piece, dict)), set())
        self.keys = set(self._parts) | {f"{LIST}.{name}" for name in names}

    def value(self, key: str) -> Any:
        """Return the plain value under the key; None when the key is absent."""
        return self._decode(key, Any)

    def pieces(self, key: str, kind: type[T]) -> list[T | Any]:
        """Return the list under the key. A piece that cannot be converted to this kind stays a plain value.

        Raises UnreadableError when the value is not a list.
        """
        part = self._parts.get(key)
        if part is None:
            return []
        if not _contains_nul(_bytes(part)):
            try:
                found: list[T] | None = msgspec.json.decode(part, type=list[kind] | None)  # type: ignore[valid-type]
                return _bounded(found or [])
            except _FAILURES:
                pass
        tree = self._repair(part)
        if tree is None:
            return []
        if not isinstance(tree, list):
            raise UnreadableError(f"The value of the key {key} is not a list.")
        return [convert(piece, kind) for piece in _bounded(tree)]

    def _decode(self, key: str, kind: Any) -> Any:
        part = self._parts.get(key)
        if part is None:
            return None
        if not _contains_nul(_bytes(part)):
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
    """Convert UTF-8 or UTF-16 text with a byte order mark to UTF-8 without one. Other data is returned unchanged."""
    if len(data) > MAX_BYTES:
        raise UnreadableError(f"The file is larger than {MAX_BYTES // 2**20} MB, the limit for one game.")
    if data.startswith(codecs.BOM_UTF8):
        return data[len(codecs.BOM_UTF8) :]
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return data.decode("utf-16").encode()
        except UnicodeError:
            raise UnreadableError("The file has the byte order mark of UTF-16, but is not valid UTF-16.") from None
    return data


def without_callback(data: bytes) -> bytes:
    """Return the JSON in an answer for a script, such as callbacks._0({"game": 42}); other data is unchanged."""
    opened = CALLBACK.match(data)
    return data[opened.end() :].rstrip().removesuffix(b";").rstrip().removesuffix(b")") if opened else data


def is_storable(value: Any) -> bool:
    """Return whether Postgres can store a text or a number; other values are not looked at."""
    if isinstance(value, str):
        return not _UNSTORABLE.search(value)
    return not isinstance(value, float) or abs(value) < float("inf")


def repair(tree: Any) -> tuple[Any, int]:
    """Replace what Postgres cannot store; return the tree and the number of replacements.

    Not recursive, because the file decides how deep the tree is.
    """
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
            elif not is_storable(value):
                piece[key] = _UNSTORABLE.sub(REPLACEMENT, value) if isinstance(value, str) else None
                repaired += 1
    return box[0], repaired


def _bounded(pieces: list[T]) -> list[T]:
    if len(pieces) > MAX_PIECES:
        raise UnreadableError(TOO_MANY_VALUES)
    return pieces


def _contains_nul(text: bytes) -> bool:
    return b"\\" in text and b"\\u0000" in text  # searching for one byte first is many times faster


def _bytes(part: msgspec.Raw | bytes) -> bytes:
    return part if isinstance(part, bytes) else bytes(part)


def convert(piece: Any, kind: type[T]) -> T | Any:
    """Convert a piece to this kind. On failure return the plain value; of an object, only the known keys."""
    try:
        return msgspec.convert(piece, kind)
    except (msgspec.ValidationError, RecursionError):
        known = {entry.encode_name for entry in msgspec.structs.fields(kind)}  # type: ignore[arg-type]
        return {key: part for key, part in piece.items() if key in known} if isinstance(piece, dict) else piece


def _pieces(data: bytes) -> list[Any] | None:
    """Return the pieces of a document that is a list; None when it is something else."""
    try:
        return msgspec.json.decode(data, type=list[Any])
    except _FAILURES:
        tree = _lenient(data)
    return tree if isinstance(tree, list) else None


def _lenient_parts(data: bytes) -> dict[str, bytes]:
    """Return the values of an object that the fast decoder refuses."""
    tree = _lenient(data)
    if not isinstance(tree, dict):
        raise UnreadableError("The file is JSON, but not an object or a list.") from None
    return {key: json.dumps(part).encode() for key, part in tree.items()}


def _lenient(data: bytes) -> Any:
    """Decode what the fast decoder refuses, such as NaN and lone surrogates. Raises UnreadableError on failure."""
    if len(data) > MAX_REPAIRED_BYTES:
        raise UnreadableError(
            f"The file is not valid JSON, and larger than {MAX_REPAIRED_BYTES // 2**20} MB, the limit for repairs."
        )
    try:
        return json.loads(data.decode())
    except UnicodeDecodeError:
        raise UnreadableError("The file is not UTF-8 text.") from None
    except json.JSONDecodeError as error:
        if not data.strip():
            raise UnreadableError("The file is empty.") from None
        truncated = error.pos >= len(data.decode().rstrip()) - 1 and error.msg != "Extra data"
        reason = "The file ends too early: it was truncated" if truncated else "The file is not JSON"
        raise UnreadableError(f"{reason} (line {error.lineno}, column {error.colno}).") from None
    except RecursionError:
        raise UnreadableError("The file is nested too deeply for the decoder.") from None
    except ValueError:
        raise UnreadableError("The file contains a number with thousands of digits.") from None

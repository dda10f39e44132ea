"""Split a file of several JSON objects, one a line (JSON Lines)."""

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO, Final

import msgspec

from stanchion.ingest.reading.jsontext import CALLBACK, MAX_BYTES, as_utf8, without_callback
from stanchion.ingest.reading.sources import Document

_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LONGEST_FIRST: Final = 64 * 2**20  # bytes; a file with a longer first or second line is one document
_LARGEST_READ_ONCE: Final = 8 * 2**20  # bytes; usual exports have 2 million
_SKIPPED_AT_ONCE: Final = 2**20  # bytes of the rest of a line that is too long
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


def only_line(document: Document, start: bytes) -> bytes | None:
    """Return the content of a file of one line, as exports of trackers are; None of a longer or larger file.

    `start` is the beginning of the file.
    """
    if b"\n" in start.strip():
        return None
    with document.open() as stream:
        data = stream.read(_LARGEST_READ_ONCE)
        if stream.read(1):
            return None
    end = data.find(b"\n")
    return data if end < 0 or not data[end:].strip() else None


def is_json_lines(document: Document) -> bool:
    """Return whether the first two lines of a file begin like objects, and at least one of them is a whole object."""
    lines = json_lines(document, _LONGEST_FIRST)
    first, second = (next(lines, (0, b""))[1] for _ in range(2))
    if max(len(first), len(second)) > _LONGEST_FIRST:
        return False
    starts = [line.startswith(b"{") or CALLBACK.match(line) for line in (first, second)]
    return all(starts) and (_is_object(first) or _is_object(second))


def json_lines(document: Document, longest: int = MAX_BYTES) -> Iterator[tuple[int, bytes]]:
    """Yield the number of each line that is not blank, and the line. A line over the limit is cut off after it."""
    with _open(document) as stream:
        number = 0
        while line := stream.readline(longest + 1):
            number += 1
            rest = line
            while not rest.endswith(b"\n") and len(line) > longest and rest:
                rest = stream.readline(_SKIPPED_AT_ONCE)
            line = as_utf8(line).strip() if number == 1 and len(line) <= longest else line.strip()
            if line:
                yield number, line


def _open(document: Document) -> BinaryIO:
    stream = document.open()
    start = stream.read(2)
    if start in _UTF16:
        with stream:
            return io.BytesIO(as_utf8(start + stream.read(MAX_BYTES + 1)))
    stream.close()
    return document.open()


def _is_object(line: bytes) -> bool:
    try:
        _object.decode(without_callback(line))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True

"""Which format a document is in: by what is in it, never by its name or by a version that it claims.

Formats register themselves by being a file in ingest/reading/formats with a FORMATS tuple. Each lists the marks of its
documents: keys of a JSON object, columns of a CSV file, or sheets of a workbook.
"""

import codecs
import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from stanchion.ingest.reading import formats
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.jsontext import LARGEST, Envelope, as_utf8
from stanchion.ingest.reading.model import Game
from stanchion.ingest.reading.sheets import Workbook
from stanchion.ingest.reading.sources import Document
from stanchion.ingest.reading.tables import Table

_SAMPLE = 64 * 1024


@dataclass(frozen=True)
class JsonFormat:
    """A JSON object, told by its keys."""

    name: str
    recognises: Callable[[set[str]], bool]
    read: Callable[[Envelope], Iterator[Game]]


@dataclass(frozen=True)
class CsvFormat:
    """A CSV file, told by its columns (in lower case); read as often as it likes, row by row."""

    name: str
    recognises: Callable[[set[str]], bool]
    read: Callable[[Table], Iterator[Game]]


@dataclass(frozen=True)
class WorkbookFormat:
    """A workbook, told by its sheets (in lower case)."""

    name: str
    recognises: Callable[[set[str]], bool]
    read: Callable[[Workbook], Iterator[Game]]


Format = JsonFormat | CsvFormat | WorkbookFormat
T = TypeVar("T", JsonFormat, CsvFormat, WorkbookFormat)


@cache
def registered() -> tuple[Format, ...]:
    """Every format, in the order of the names of their files."""
    names = sorted(module.name for module in pkgutil.iter_modules(formats.__path__))
    return tuple(entry for name in names for entry in importlib.import_module(f"{formats.__name__}.{name}").FORMATS)


def read(document: Document) -> Iterator[Game]:
    """The games of a document. Raises UnreadableError, before the first of them, when it cannot be read at all."""
    with document.open() as stream:
        start = stream.read(_SAMPLE)
    if start.startswith(b"PK"):
        workbook = Workbook(_whole(document))
        yield from _choose(WorkbookFormat, workbook.sheets, "The file is a workbook without the sheets").read(workbook)
    elif _text_start(start).startswith(("{", "[")) or not start.strip():
        envelope = Envelope(_whole(document))
        yield from _choose(JsonFormat, set(envelope.keys), "The file is JSON without the keys").read(envelope)
    else:
        table = Table(document.open)
        yield from _choose(CsvFormat, set(table.columns), "The file is neither JSON nor a table with the columns").read(
            table
        )


def _choose(kind: type[T], marks: set[str], otherwise: str) -> T:
    for entry in registered():
        if isinstance(entry, kind) and entry.recognises(marks):
            return entry
    raise UnreadableError(f"{otherwise} of any format that is read here.")


def _whole(document: Document) -> bytes:
    with document.open() as stream:
        data: bytes = stream.read(LARGEST + 1)
    return data


def _text_start(start: bytes) -> str:
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        start = start[: len(start) // 2 * 2]
        return start.decode("utf-16", "ignore").lstrip()
    return as_utf8(start).decode("utf-8", "ignore").lstrip()

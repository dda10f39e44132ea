"""Recognise the format of a document by its content, never by its name or its version field, and read it.

A format is registered by a file in ingest/reading/formats with a FORMATS tuple. It recognises its documents by the keys
of a JSON object, the columns of a CSV file or the sheets of a workbook: `needs` lists what a document must contain, and
each need is a tuple of names of which one is enough.
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
from stanchion.ingest.reading.jsontext import MAX_BYTES, Envelope, as_utf8
from stanchion.ingest.reading.model import Game
from stanchion.ingest.reading.sheets import Workbook
from stanchion.ingest.reading.sources import Document
from stanchion.ingest.reading.tables import Table, plain

_START_BYTES = 64 * 1024
Needs = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class JsonFormat:
    """A format of JSON objects, recognised by their keys."""

    name: str
    needs: Needs
    read: Callable[[Envelope], Iterator[Game]]


@dataclass(frozen=True)
class CsvFormat:
    """A format of CSV files, recognised by their columns (see tables.plain). `read` may iterate repeatedly."""

    name: str
    needs: Needs
    read: Callable[[Table], Iterator[Game]]


@dataclass(frozen=True)
class WorkbookFormat:
    """A format of workbooks, recognised by their sheets (in lower case)."""

    name: str
    needs: Needs
    read: Callable[[Workbook], Iterator[Game]]


Format = JsonFormat | CsvFormat | WorkbookFormat
T = TypeVar("T", JsonFormat, CsvFormat, WorkbookFormat)


@cache
def registered() -> tuple[Format, ...]:
    """Return every format, ordered by the name of its file."""
    names = sorted(module.name for module in pkgutil.iter_modules(formats.__path__))
    return tuple(entry for name in names for entry in importlib.import_module(f"{formats.__name__}.{name}").FORMATS)


def read(document: Document) -> Iterator[Game]:
    """Yield the games of a document. Raises UnreadableError before the first game when it cannot be read."""
    with document.open() as stream:
        start = stream.read(_START_BYTES)
    if start.startswith(b"PK"):
        workbook = Workbook(_whole(document))
        yield from _choose(WorkbookFormat, set(workbook.sheets), "The file is a workbook, but its sheets match").read(
            workbook
        )
    elif _text_start(start).startswith(("{", "[")) or not start.strip():
        envelope = Envelope(_whole(document))
        yield from _choose(JsonFormat, set(envelope.keys), "The file is JSON, but its keys match").read(envelope)
    else:
        table = Table(document.open)
        columns = {plain(name) for name in table.columns}
        yield from _choose(CsvFormat, columns, "The file is not JSON, and its columns match").read(table)


def _choose(kind: type[T], names: set[str], mismatch: str) -> T:
    """Return the format of this kind that recognises the names of keys, columns or sheets."""
    known = [entry for entry in registered() if isinstance(entry, kind)]
    for entry in known:
        if not _missing(entry, names):
            return entry
    supported = ", ".join(dict.fromkeys(entry.name for entry in known))
    message = f"{mismatch} no supported format ({supported})."
    nearest = min(known, key=lambda entry: len(_missing(entry, names)))
    missing = _missing(nearest, names)
    if len(missing) < len(nearest.needs):
        also = "; ".join(" or ".join(need) for need in missing)
        message += f" The nearest is {nearest.name}, which also needs: {also}."
    raise UnreadableError(message)


def _missing(entry: Format, names: set[str]) -> Needs:
    return tuple(need for need in entry.needs if not names.intersection(need))


def _whole(document: Document) -> bytes:
    with document.open() as stream:
        data: bytes = stream.read(MAX_BYTES + 1)
    return data


def _text_start(start: bytes) -> str:
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        start = start[: len(start) // 2 * 2]
        return start.decode("utf-16", "ignore").lstrip()
    return as_utf8(start).decode("utf-8", "ignore").lstrip()

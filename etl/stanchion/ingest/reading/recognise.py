"""Recognise the format of a document by its content, never by its name or its version field, and read it.

A format is registered by a file in ingest/reading/formats with a FORMATS tuple, or by a plug-in with such a tuple. It
recognises its documents by the keys of a JSON object, the columns of a CSV file or the sheets of a workbook: `needs`
lists what a document must contain, and each need is a tuple of names of which one is enough. Formats that a caller
adds, such as the mappings of a tenant, are tried first, and those of plug-ins last.
"""

import codecs
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from typing import TypeVar

from stanchion.errors import StanchionError
from stanchion.ingest.reading import formats
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.jsontext import CALLBACK, MAX_BYTES, Envelope, as_utf8
from stanchion.ingest.reading.known import Shape
from stanchion.ingest.reading.lines import is_json_lines, json_lines, only_line
from stanchion.ingest.reading.model import Game, Parts
from stanchion.ingest.reading.sheets import Workbook
from stanchion.ingest.reading.sources import Document
from stanchion.ingest.reading.tables import Table, plain

PLUGINS = "stanchion.formats"  # group of entry points; each names a module or an object with a FORMATS tuple
_START_BYTES = 64 * 1024
Needs = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class JsonFormat:
    """A format of JSON documents, recognised by their keys (see jsontext.Envelope)."""

    name: str
    needs: Needs
    read: Callable[[Envelope], Iterator[Game | Parts]]
    of: str = ""  # the format of the games, when a game has several documents or its files several forms


@dataclass(frozen=True)
class CsvFormat:
    """A format of CSV files, recognised by their columns (see tables.plain). `read` may iterate repeatedly."""

    name: str
    needs: Needs
    read: Callable[[Table], Iterator[Game | Parts]]
    of: str = ""  # the format of the games, when a game has several documents or its files several forms


@dataclass(frozen=True)
class WorkbookFormat:
    """A format of workbooks, recognised by their sheets (in lower case)."""

    name: str
    needs: Needs
    read: Callable[[Workbook], Iterator[Game]]


@dataclass(frozen=True)
class PartsFormat:
    """A format of several documents a game. The documents are read by other formats, which yield Parts of this name.

    `merge` receives the key of the game and the document of each kind that has arrived, and builds the game. It depends
    on nothing else, so the order of arrival does not matter. `shapes` are the known fields of each kind of document: a
    copy of an archived game may contain others.
    """

    name: str
    merge: Callable[[str, Mapping[str, bytes]], Game]
    shapes: Mapping[str, Shape] = field(default_factory=dict)


Format = JsonFormat | CsvFormat | WorkbookFormat | PartsFormat
T = TypeVar("T", JsonFormat, CsvFormat, WorkbookFormat)


class PluginError(StanchionError):
    """A plug-in whose formats cannot be used."""


@cache
def built_in() -> tuple[Format, ...]:
    """Return the formats of this package, ordered by the name of their file."""
    names = sorted(module.name for module in pkgutil.iter_modules(formats.__path__))
    return tuple(entry for name in names for entry in importlib.import_module(f"{formats.__name__}.{name}").FORMATS)


@cache
def registered() -> tuple[Format, ...]:
    """Return the formats of this package, and then those of plug-ins. Raises PluginError for a broken plug-in."""
    return (*built_in(), *(entry for _, entry in plugged_in()))


@cache
def plugged_in() -> tuple[tuple[str, Format], ...]:
    """Return the formats of plug-ins with the name of their distribution. Raises PluginError for a broken plug-in."""
    found: list[tuple[str, Format]] = []
    names = {entry.name for entry in built_in()}
    for point in sorted(entry_points(group=PLUGINS), key=lambda point: (point.name, point.value)):
        distribution = point.dist.name if point.dist else "an unknown distribution"
        which = f"The plug-in '{point.name}' of {distribution} cannot be used"
        try:
            entries = point.load().FORMATS
        except Exception as error:  # a plug-in may fail in any way
            reason = f"loading {point.value} failed with {type(error).__name__}"
            raise PluginError(f"{which}: {reason}; repair or uninstall it.") from error
        if not isinstance(entries, tuple) or not all(isinstance(entry, Format) for entry in entries):
            raise PluginError(f"{which}: its FORMATS is not a tuple of formats; repair or uninstall it.")
        for entry in entries:
            if entry.name in names:
                raise PluginError(f"{which}: another format has the name '{entry.name}'; rename or uninstall it.")
            found.append((distribution, entry))
        names |= {entry.name for entry in entries}
    return tuple(found)


def parts_format(name: str) -> PartsFormat:
    """Return the format of several documents a game with this name."""
    found = next((entry for entry in registered() if isinstance(entry, PartsFormat) and entry.name == name), None)
    if found is None:
        raise UnreadableError("The archived game is of a format that is not installed.")
    return found


def read(document: Document, added: Sequence[Format] = ()) -> Iterator[Game | Parts]:
    """Yield the games of a document, or what it contributes to games of several documents.

    Formats in `added` are tried before the registered ones. Raises UnreadableError before the first game when the
    document cannot be read, and after the last one when some of its lines or parts cannot. Raises PluginError for a
    broken plug-in.
    """
    with document.open() as stream:
        start = stream.read(_START_BYTES)
    if start.startswith(b"PK"):
        workbook = Workbook(_whole(document))
        mismatch = "The file is a workbook, but its sheets match"
        yield from _choose(WorkbookFormat, set(workbook.sheets), mismatch, added).read(workbook)
    elif _text_start(start).startswith(("{", "[")) or not start.strip() or CALLBACK.match(start):
        whole = only_line(document, start)
        if whole is None and is_json_lines(document):
            yield from _read_lines(document, added)
        else:
            yield from _read_json(Envelope(whole or _whole(document), document.name), added)
    else:
        table = Table(document.open, document.name)
        columns = {plain(name) for name in table.columns}
        yield from _choose(CsvFormat, columns, "The file is not JSON, and its columns match", added).read(table)


def _read_json(envelope: Envelope, added: Sequence[Format]) -> Iterator[Game | Parts]:
    yield from _choose(JsonFormat, set(envelope.keys), "The file is JSON, but its keys match", added).read(envelope)


def _read_lines(document: Document, added: Sequence[Format]) -> Iterator[Game | Parts]:
    """Read each line as a document of its own, without a name. Lines that cannot be read do not stop the others."""
    lines = failed = 0
    first_failure = ""
    for number, line in json_lines(document):
        lines += 1
        try:
            yield from _read_json(Envelope(line), added)
        except UnreadableError as error:
            failed += 1
            first_failure = first_failure or f"Line {number}: {error}"
    if failed:
        raise UnreadableError(f"{failed} of {lines} lines of the file cannot be read. {first_failure}")


def _choose(kind: type[T], names: set[str], mismatch: str, added: Sequence[Format]) -> T:
    """Return the format of this kind that recognises the names of keys, columns or sheets."""
    known = [entry for entry in (*added, *registered()) if isinstance(entry, kind)]
    for entry in known:
        if not _missing(entry, names):
            return entry
    known = [entry for entry in known if not entry.name.startswith("archived ")]
    supported = ", ".join(dict.fromkeys(map(game_format, known)))
    message = f"{mismatch} no supported format ({supported})."
    nearest = max(known, key=lambda entry: _share(entry, names), default=None)
    if nearest and _share(nearest, names):
        also = "; ".join(" or ".join(need) for need in _missing(nearest, names))
        message += f" The nearest is {nearest.name}, which also needs: {also}."
    raise UnreadableError(message)


def _share(entry: JsonFormat | CsvFormat | WorkbookFormat, names: set[str]) -> float:
    """Return the share of the needs that the names meet."""
    return 1 - len(_missing(entry, names)) / len(entry.needs)


def game_format(entry: Format) -> str:
    """Return the name that users know a format by: of its games, not of one of their documents."""
    return getattr(entry, "of", "") or entry.name


def _missing(entry: JsonFormat | CsvFormat | WorkbookFormat, names: set[str]) -> Needs:
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

"""Make a format of a mapping, and read the archived games of any mapping."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import msgspec

from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.jsontext import MAX_PIECES, Envelope
from stanchion.ingest.reading.mapping.build import build
from stanchion.ingest.reading.mapping.rows import GameHeader, Games, Row, cleaned, column, csv_rows, json_rows
from stanchion.ingest.reading.mapping.schema import Mapping, references
from stanchion.ingest.reading.mapping.yamlfile import from_tree
from stanchion.ingest.reading.model import Game
from stanchion.ingest.reading.recognise import CsvFormat, JsonFormat
from stanchion.ingest.reading.tables import Table
from stanchion.ingest.reading.values import day

_FAULTY = "The archived game is not in the form of a game that was read with a mapping."


def format_of(mapping: Mapping) -> CsvFormat | JsonFormat:
    """Return the format that a mapping describes."""
    if mapping.kind == "csv":
        needs = tuple(tuple(map(column, need)) for need in mapping.needs)
        return CsvFormat(mapping.name, needs, partial(_read_csv, mapping))
    return JsonFormat(mapping.name, mapping.needs, partial(_read_json, mapping))


def read_archived(envelope: Envelope) -> Iterator[Game]:
    """Read the archived document of one game. It contains the mapping."""
    try:
        mapping = from_tree(envelope.value("mapping"))
        header = msgspec.convert(envelope.value("game"), GameHeader)
        rows = msgspec.convert(envelope.value("rows"), list[Row])
    except (ValueError, RecursionError):
        raise UnreadableError(_FAULTY) from None
    is_known = set(references(mapping)).__contains__
    if not header.key or len(rows) > MAX_PIECES or (header.date and not day(header.date)):
        raise UnreadableError(_FAULTY)
    yield build(mapping, header, [(line, _known(cells, is_known)) for line, cells in rows])


def _known(cells: dict[str, Any], is_known: Any) -> dict[str, Any]:
    found = ((ref, cleaned(value)) for ref, value in cells.items() if is_known(ref))
    return {ref: value for ref, value in found if value not in (None, "", [])}


def _read_csv(mapping: Mapping, table: Table) -> Iterator[Game]:
    for header, rows in Games(mapping).grouped(lambda: csv_rows(table, mapping), sorted_by_game=True):
        yield build(mapping, header, rows)


def _read_json(mapping: Mapping, envelope: Envelope) -> Iterator[Game]:
    for header, rows in Games(mapping).grouped(lambda: json_rows(envelope, mapping), sorted_by_game=False):
        yield build(mapping, header, rows)

"""Collect the columns of a sample file with their values, whatever its format."""

import codecs
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.jsontext import LIST, MAX_BYTES, Envelope
from stanchion.ingest.reading.mapping.convert import Cells
from stanchion.ingest.reading.mapping.rows import cleaned
from stanchion.ingest.reading.sources import Document
from stanchion.ingest.reading.tables import Table

_MAX_ROWS: Final = 20_000
_MAX_COLUMNS: Final = 500
_MAX_DEPTH: Final = 4  # of keys within a row, and of lists within a document


class Sample:
    """The rows of a file. For JSON, `rows` is the path to the longest list of objects."""

    def __init__(self, document: Document) -> None:
        self.rows: str | None = None
        with document.open() as stream:
            start = stream.read(4096)
        if start.startswith(b"PK"):
            raise UnreadableError("A mapping describes a CSV or JSON file, and this is a workbook or an archive.")
        if _is_json(start):
            self._read_json(document)
        else:
            table = Table(document.open, document.name)
            self.cells = [_cells(table.header, row) for _, row in islice(table.rows(), _MAX_ROWS) if row]
        self.columns = list(dict.fromkeys(name for cells in self.cells for name in cells))[:_MAX_COLUMNS]
        if not self.cells or not self.columns:
            raise UnreadableError("The file has no rows.")

    def values(self, column: str) -> Counter[str]:
        """Return the values of a column as text, with their number of rows."""
        return Counter(str(cells[column]) for cells in self.cells if column in cells)

    def _read_json(self, document: Document) -> None:
        with document.open() as stream:
            envelope = Envelope(stream.read(MAX_BYTES + 1), document.name)
        names = [LIST] if LIST in envelope.keys else sorted(envelope.keys)
        tree = {name: envelope.value(name) for name in names}
        path, rows = max(_lists(tree, ""), key=lambda found: len(found[1]), default=("", []))
        if not rows:
            raise UnreadableError("The file has no list of objects.")
        self.rows = path
        top = {f"$.{name}": value for name, value in _flat(tree, "") if "[]" not in name}
        self.cells = [top | dict(_flat(row, "")) for row in rows[:_MAX_ROWS]]


def _is_json(start: bytes) -> bool:
    start = start.removeprefix(codecs.BOM_UTF8)
    text = start.decode("utf-16", "ignore") if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else ""
    return (text or start.decode("utf-8", "ignore")).lstrip()[:1] in ("{", "[")


def _cells(columns: tuple[str, ...], row: list[str]) -> Cells:
    return {name: value for name, value in zip(columns, row, strict=False) if name and value and not value.isspace()}


def _lists(node: Any, path: str, depth: int = 0) -> Iterator[tuple[str, list[Any]]]:
    """Yield the path of each list of objects."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(node, dict):
        for name, value in node.items():
            if "." in name:
                continue
            found = name if not path else f"{path}.{name}"
            if isinstance(value, list):
                objects = [piece for piece in value if isinstance(piece, dict)]
                if objects:
                    yield found, objects
                    inner = found if found.endswith("[]") else f"{found}[]"
                    lists: dict[str, list[Any]] = {}
                    for piece in objects[:100]:
                        for below, rows in _lists(piece, inner, depth + 1):
                            lists.setdefault(below, []).extend(rows)
                    yield from lists.items()
            else:
                yield from _lists(value, found, depth + 1)


def _flat(node: Any, path: str, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Yield the path and the value of each single value in an object."""
    if not isinstance(node, dict) or depth > _MAX_DEPTH:
        return
    for name, value in node.items():
        found = name if not path else f"{path}.{name}"
        if "." in name or not name:
            continue
        if isinstance(value, dict):
            yield from _flat(value, found, depth + 1)
        elif not isinstance(value, list) and cleaned(value) not in (None, ""):
            yield found, value

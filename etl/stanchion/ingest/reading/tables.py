"""CSV files, row by row, with bounds on what a row may be."""

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.jsontext import REPLACEMENT

LONGEST_LINE: Final = 1_000_000  # characters
_LINES_OF_A_ROW: Final = 100  # a quoted text may hold line breaks, but not endlessly many
_DELIMITERS = (",", ";", "\t", "|")


class Table:
    """A CSV file: its columns, in lower case, and its rows with the number of the line each ends in."""

    def __init__(self, open_: Callable[[], BinaryIO]) -> None:
        self._open = open_
        with open_() as stream:
            self._encoding = _encoding(stream.read(4))
        with open_() as stream:
            header = next(_Lines(stream, self._encoding), "")
        self._delimiter = max(_DELIMITERS, key=header.count)
        names = next(iter(csv.reader([header], delimiter=self._delimiter)), [])
        self.columns = tuple(" ".join(name.replace("\ufeff", "").lower().split()) for name in names)

    def rows(self) -> Iterator[tuple[int, list[str] | None]]:
        """Every row with cells; None for one that is no CSV. Raises UnreadableError for a line without an end."""
        with self._open() as stream:
            lines = _Lines(stream, self._encoding)
            rows = csv.reader(lines, delimiter=self._delimiter)
            header = True
            while True:
                lines.taken = 0
                try:
                    row = next(rows)
                except StopIteration:
                    return
                except csv.Error:
                    yield rows.line_num, None
                    continue
                if header:
                    header = False
                elif any(cell and not cell.isspace() for cell in row):
                    yield rows.line_num, row


class _Lines:
    """The lines of a stream. Bytes that are no text, and NUL, become the character that says so."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._text = io.TextIOWrapper(stream, encoding, errors="replace", newline="")
        self.taken = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._text.readline(LONGEST_LINE + 1)
        if not line:
            raise StopIteration
        self.taken += 1
        if len(line) > LONGEST_LINE or self.taken > _LINES_OF_A_ROW:
            raise UnreadableError("The file is no table: a line or a row of it does not end.")
        return line.replace("\x00", REPLACEMENT)


def _encoding(start: bytes) -> str:
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-8-sig"

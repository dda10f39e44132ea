"""Read CSV files row by row, with limits on the length of lines and rows."""

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.jsontext import REPLACEMENT

MAX_LINE_LENGTH: Final = 1_000_000  # characters
MAX_LINES_PER_ROW: Final = 100  # a quoted cell may contain line breaks
_DELIMITERS = (",", ";", "\t", "|")


class Table:
    """A CSV file: its columns, in lower case, and its rows. The delimiter is the most frequent one in the header.

    `header` has the columns as the file spells them, and `path` is the name of the file as shown to the user.
    """

    def __init__(self, open_: Callable[[], BinaryIO], path: str = "") -> None:
        self._open, self.path = open_, path
        with open_() as stream:
            self._encoding = _encoding(stream.read(4))
        with open_() as stream:
            header = next(_Lines(stream, self._encoding), "")
        self._delimiter = max(_DELIMITERS, key=header.count)
        try:
            names = next(csv.reader([header], delimiter=self._delimiter), [])
        except csv.Error:  # such as a cell of more than 131072 characters
            raise UnreadableError("The file is neither JSON nor a table: its first line is not a row of CSV.") from None
        self.header = tuple(" ".join(name.replace("\ufeff", "").split()) for name in names)
        self.columns = tuple(name.lower() for name in self.header)

    def rows(self) -> Iterator[tuple[int, list[str] | None]]:
        """Yield the number of the last line of each row and its cells; None instead of cells when it is not valid CSV.

        Rows with only empty cells are skipped. Raises UnreadableError when a line or a row is too long.
        """
        with self._open() as stream:
            lines = _Lines(stream, self._encoding)
            rows = csv.reader(lines, delimiter=self._delimiter)
            header = True
            while True:
                lines.lines_in_row = 0
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


def plain(column: str) -> str:
    """Return the name of a column with spaces instead of underscores."""
    return " ".join(column.replace("_", " ").split())


class _Lines:
    """The lines of a stream. Undecodable bytes and NUL become the replacement character U+FFFD."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._text = io.TextIOWrapper(stream, encoding, errors="replace", newline="")
        self.lines_in_row = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._text.readline(MAX_LINE_LENGTH + 1)
        if not line:
            raise StopIteration
        self.lines_in_row += 1
        if len(line) > MAX_LINE_LENGTH:
            raise UnreadableError(f"The file is not a table: a line has more than {MAX_LINE_LENGTH} characters.")
        if self.lines_in_row > MAX_LINES_PER_ROW:
            raise UnreadableError(f"The file is not a table: a row has more than {MAX_LINES_PER_ROW} lines.")
        return line.replace("\x00", REPLACEMENT)


def _encoding(start: bytes) -> str:
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-8-sig"

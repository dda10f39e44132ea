"""Read workbooks: each sheet as rows of cells by column name, or as lists of the cells of a column."""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, Final

from python_calamine import CalamineWorkbook

from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.jsontext import is_storable, repair
from stanchion.ingest.reading.plainsheets import Lines, column_number, plain_sheets

MAX_UNPACKED_BYTES: Final = 1 * 2**30
MAX_CELLS: Final = 20_000_000  # of one sheet; the library allocates every cell up to the last one
MAX_KEPT_BYTES: Final = 32 * 2**20  # a larger workbook is unpacked twice, so that its files need no memory
_PLAIN = (str, int, float)
_KINDS = {str, int, float, bool}
# The library also accepts small letters, leading zeros, white space and numbers beyond the limits of Excel.
_CELL_REFERENCE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{0,8})[A-Za-z]*0*(\d{1,10})""")
# A sheet whose references have at most two letters and four digits has at most 702 * 9999 cells. This expression finds
# the others. It begins with a literal, so it takes a fraction of the time.
_FAR_REFERENCE = re.compile(rb"""r\s*=\s*["'](?:[A-Za-z]{3}|[A-Za-z]{0,2}\d{5})""")
_OVERLAP: Final = 2**16  # bytes that are searched again with the next piece of a file


class Sheet:
    """The cells of a sheet below its header by column, without rows that are empty. An empty cell is an empty text."""

    def __init__(self, columns: dict[str, list[Any]], height: int) -> None:
        self._columns = columns
        self.height = height

    def row(self, number: int) -> dict[str, Any]:
        """Return the cells of a row that are not empty by column; of a row beyond the end, no cells."""
        if number >= self.height:
            return {}
        return {name: cells[number] for name, cells in self._columns.items() if cells[number] != ""}

    def column(self, *names: str) -> list[Any]:
        """Return for each row the cell of the first of these columns that is not empty; None when all are empty."""
        found = [self._columns[name] for name in names if name in self._columns]
        if not found:
            return [None] * self.height
        cells = [None if cell == "" else cell for cell in found[-1]]
        for preferred in reversed(found[:-1]):
            cells = [other if cell == "" else cell for cell, other in zip(preferred, cells, strict=True)]
        return cells


class Workbook:
    """A workbook in memory. Names of sheets and columns are in lower case."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._plain = plain_sheets(_unpack(data))
        names = self._plain.paths if self._plain else self._book.sheet_names
        self._names = {name.strip().lower(): name for name in names}
        self.sheets = set(self._names)
        self.repaired = 0

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Return the rows below the header as cells by column, without empty cells. A missing sheet has no rows."""
        columns, lines, values = self._lines(name)
        rows = [
            {
                column: cell if isinstance(cell, _PLAIN) else str(cell)  # a date or a time
                for column, cell in zip(columns, line, strict=True)
                if cell != "" and column
            }
            for line in lines
        ]
        if not all(map(is_storable, values.union(columns))):
            _, repaired = repair(rows)
            self.repaired += repaired
        return [row for row in rows if row]

    def sheet(self, name: str) -> Sheet:
        """Return the cells below the header by column: the content of rows(), in less time. See Sheet."""
        columns, lines, values = self._lines(name)
        lines = [line for line in lines if any(line) or line.count("") < len(line)]
        cells = list(map(list, zip(*lines, strict=True)))
        if all(columns) and len(set(columns)) == len(columns):
            values.update(columns)
            if {*map(type, values)} <= _KINDS and all(map(is_storable, values)):
                return Sheet(dict(zip(columns, cells, strict=bool(cells))), len(lines))
        rows = self.rows(name)
        names = dict.fromkeys(column for row in rows for column in row)
        return Sheet({column: [row.get(column, "") for row in rows] for column in names}, len(rows))

    def _lines(self, name: str) -> tuple[list[str], list[list[Any]], set[Any]]:
        """Return the header of a sheet, the lines below it and the values in them; of a missing sheet, nothing."""
        if name not in self._names:
            return [], [], set()
        found = self._plain.lines(self._names[name]) if self._plain else None
        rows, values = found or self._any_lines(name)
        return [str(cell).strip().lower() for cell in rows[0]] if rows else [], rows[1:], values

    def _any_lines(self, name: str) -> Lines:
        try:
            lines = self._book.get_sheet_by_name(self._names[name]).to_python(skip_empty_area=False)
        except (KeyboardInterrupt, SystemExit, UnreadableError):
            raise
        except BaseException:
            raise UnreadableError(f"The sheet {name} of the workbook is damaged and cannot be read.") from None
        return Lines(lines, set().union(*lines))

    @cached_property
    def _book(self) -> CalamineWorkbook:
        try:
            return CalamineWorkbook.from_filelike(io.BytesIO(self._data))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # a panic of the library is not an Exception
            raise UnreadableError("The workbook is damaged: its list of sheets cannot be read.") from None


def _unpack(data: bytes) -> dict[str, bytes]:
    """Return the files of a workbook, or none when it is large or two files have the same name.

    Raises UnreadableError when the library would need too much memory to read them.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            is_small = sum(member.file_size for member in members) <= MAX_KEPT_BYTES  # zipfile stops at these sizes
            is_kept = is_small and len({member.filename for member in members}) == len(members)
            files: dict[str, bytes] = {}
            left = MAX_UNPACKED_BYTES
            for member in members:
                is_far = False
                tail = b""
                kept = []
                for chunk in _unpacked(archive, member):
                    left -= len(chunk)
                    if left < 0:
                        raise UnreadableError(f"The workbook unpacks to more than {MAX_UNPACKED_BYTES // 2**30} GB.")
                    if not is_far:  # of every file, because the list of sheets may refer to any
                        is_far = _FAR_REFERENCE.search(tail + chunk) is not None
                        tail = chunk[-_OVERLAP:]
                    if is_kept:
                        kept.append(chunk)
                if is_far and (cells := _cells(_unpacked(archive, member))) > MAX_CELLS:
                    raise UnreadableError(
                        f"A sheet of the workbook has {cells} cells, more than the limit of {MAX_CELLS}."
                    )
                if is_kept:
                    files[member.filename] = b"".join(kept)
            return files
    except UnreadableError:
        raise
    except Exception:
        raise UnreadableError(
            "The workbook is damaged or encrypted; remove its password and export it again."
        ) from None


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(member) as stream:
        while chunk := stream.read(2**20):
            yield chunk


def _cells(chunks: Iterable[bytes]) -> int:
    """Return the number of cells up to the last row and the last column of a sheet that have a reference."""
    columns = rows = 0
    tail = b""
    for chunk in chunks:
        found = _CELL_REFERENCE.findall(tail + chunk)
        rows = max(rows, *map(int, {number for _, number in found}), 0)
        columns = max(columns, *map(column_number, {letters for letters, _ in found}), 0)
        tail = chunk[-_OVERLAP:]
    return columns * rows

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
# The start of a row, the end of a row, and a cell without a usual reference. Names may have a prefix.
_LOOSE = re.compile(rb"""<(?:[^\s<>/:]*:)?(row|c)(?=[\s/>])(?! r="[A-Za-z]{1,3}\d)|<(/)(?:[^\s<>/:]*:)?row(?=[\s>])""")
_REFERENCE = re.compile(rb"""r\s*=\s*["']\w""")
_FEW: Final = 100  # cells without a usual reference in a whole sheet, such as elements whose names begin with c
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
        cells = [None if cell == "" else cell for cell in found[-1]] if "" in found[-1] else found[-1]
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
        rows, values = found or self._by_library(name)
        return [str(cell).strip().lower() for cell in rows[0]] if rows else [], rows[1:], values

    def _by_library(self, name: str) -> Lines:
        try:
            lines = self._book.get_sheet_by_name(self._names[name]).to_python(skip_empty_area=False)
        except (KeyboardInterrupt, SystemExit, UnreadableError):
            raise
        except BaseException:
            raise UnreadableError(f"The sheet {name} of the workbook is damaged and cannot be read.") from None
        return Lines(lines, set().union(*lines))

    @cached_property
    def _book(self) -> CalamineWorkbook:
        _check_loose_cells(self._data)
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
                if is_far:
                    columns, rows = _last_reference(_unpacked(archive, member))
                    _check_cells(columns * rows)
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


def _check_cells(cells: int) -> None:
    if cells > MAX_CELLS:
        raise UnreadableError(f"A sheet of the workbook has {cells} cells, more than the limit of {MAX_CELLS}.")


def _check_loose_cells(data: bytes) -> None:
    """Raise UnreadableError when cells without a reference would need too much memory. Their places are counted."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in archive.infolist():
            if member.file_size <= MAX_KEPT_BYTES and _is_small(archive.read(member)):
                continue
            rows, width = _loose_cells(_unpacked(archive, member))
            if width:
                last_column, last_row = _last_reference(_unpacked(archive, member))
                _check_cells((last_column + width) * max(last_row, rows))


def _is_small(xml: bytes) -> bool:
    """Return whether a sheet is below MAX_CELLS, from counts that are never too low and need a fraction of the time."""
    parts = xml.split(b"row")
    is_far = _FAR_REFERENCE.search(xml) is not None
    if not is_far and (702 + max(map(len, parts)) // len("<c/>")) * max(9999, len(parts)) <= MAX_CELLS:
        return True
    ends = xml.count(b"/row")
    rows = max(len(parts) - ends, ends)
    width = xml.count(b"<c") + xml.count(b":c") - xml.count(b'<c r="')
    if width > _FEW:
        width = max(part.count(b"<c") + part.count(b":c") for part in parts)
    if not width:
        return True
    columns = 0
    if is_far:
        columns, last = _last_reference([xml])
        rows = max(rows, last)
    elif _REFERENCE.search(xml):
        columns, rows = 702, max(rows, 9999)
    return (columns + width) * rows <= MAX_CELLS


def _last_reference(chunks: Iterable[bytes]) -> tuple[int, int]:
    """Return the last column and the last row of a sheet that have a reference."""
    columns = rows = 0
    tail = b""
    for chunk in chunks:
        found = _CELL_REFERENCE.findall(tail + chunk)
        rows = max(rows, *map(int, {number for _, number in found}), 0)
        columns = max(columns, *map(column_number, {letters for letters, _ in found}), 0)
        tail = chunk[-_OVERLAP:]
    return columns, rows


def _loose_cells(chunks: Iterable[bytes]) -> tuple[int, int]:
    """Return the number of rows of a sheet, and the greatest number of cells without a reference in one row."""
    starts = ends = widest = width = 0
    tail = b""
    for chunk in chunks:
        text = tail + chunk
        last = text.rfind(b"<")
        tail = text[last:][:_OVERLAP]
        kinds = b"".join(start or end for start, end in _LOOSE.findall(text[:last]))
        starts += kinds.count(b"row")
        ends += kinds.count(b"/")
        widths = [row.count(b"c") for row in kinds.split(b"/")]
        widths[0] += width
        widest, width = max(widest, *widths), widths[-1]
    return max(starts, ends), widest

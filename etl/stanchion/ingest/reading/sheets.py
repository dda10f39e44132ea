"""Read workbooks: each sheet as rows of cells by column name."""

import io
import re
import zipfile
from typing import Any, Final

from python_calamine import CalamineWorkbook

from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.jsontext import is_storable, repair

MAX_UNPACKED_BYTES: Final = 1 * 2**30
MAX_CELLS: Final = 20_000_000  # of one sheet; the library allocates every cell up to the last one
_PLAIN = (str, int, float)
_CELL_REFERENCE = re.compile(rb"""\br=["']([A-Z]{0,3})(\d{1,7})["']""")


class Workbook:
    """A workbook in memory. Names of sheets and columns are in lower case."""

    def __init__(self, data: bytes) -> None:
        _check(data)
        try:
            self._book = CalamineWorkbook.from_filelike(io.BytesIO(data))
            self._names = {name.strip().lower(): name for name in self._book.sheet_names}
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # a panic of the library is not an Exception
            raise UnreadableError("The workbook is damaged: its list of sheets cannot be read.") from None
        self.sheets = set(self._names)
        self.repaired = 0

    def rows(self, sheet: str) -> list[dict[str, Any]]:
        """Return the rows below the header as cells by column, without empty cells. A missing sheet has no rows."""
        if sheet not in self._names:
            return []
        try:
            lines = self._book.get_sheet_by_name(self._names[sheet]).to_python(skip_empty_area=False)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:
            raise UnreadableError(f"The sheet {sheet} of the workbook is damaged and cannot be read.") from None
        columns = [str(cell).strip().lower() for cell in lines[0]] if lines else []
        rows = [
            {
                column: cell if isinstance(cell, _PLAIN) else str(cell)  # a date or a time
                for column, cell in zip(columns, line, strict=False)
                if cell != "" and column
            }
            for line in lines[1:]
        ]
        if not all(map(is_storable, set(columns).union(*lines[1:]))):
            _, repaired = repair(rows)
            self.repaired += repaired
        return [row for row in rows if row]


def _check(data: bytes) -> None:
    """Raise UnreadableError when a workbook would need too much memory to unpack."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            left = MAX_UNPACKED_BYTES
            for member in archive.infolist():
                sheet = member.filename.startswith("xl/worksheets/")
                columns = rows = 0
                tail = b""
                with archive.open(member) as stream:
                    while chunk := stream.read(2**20):
                        left -= len(chunk)
                        if left < 0:
                            raise UnreadableError(
                                f"The workbook unpacks to more than {MAX_UNPACKED_BYTES // 2**30} GB."
                            )
                        if sheet:
                            found = _CELL_REFERENCE.findall(tail + chunk)
                            rows = max(rows, *map(int, {number for _, number in found}), 0)
                            columns = max(columns, *map(_column, {letters for letters, _ in found}), 0)
                            tail = chunk[-20:]
                if columns * rows > MAX_CELLS:
                    raise UnreadableError(
                        f"A sheet of the workbook has {columns * rows} cells, more than the limit of {MAX_CELLS}."
                    )
    except UnreadableError:
        raise
    except Exception:
        raise UnreadableError(
            "The workbook is damaged or encrypted; remove its password and export it again."
        ) from None


def _column(letters: bytes) -> int:
    """Return the number of a column: A is 1."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number

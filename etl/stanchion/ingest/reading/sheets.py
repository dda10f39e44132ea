"""Workbooks: sheets as rows of named cells."""

import io
import re
import zipfile
from typing import Any, Final

from python_calamine import CalamineWorkbook

from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.jsontext import repair

LARGEST_UNPACKED: Final = 1 * 2**30  # bytes
MOST_CELLS: Final = 20_000_000  # of one sheet: the library makes room for every cell up to the last one
_PLACE = re.compile(rb"""\br=["']([A-Z]{0,3})(\d{1,7})["']""")


class Workbook:
    """A workbook in memory. Sheets and columns are named in lower case."""

    def __init__(self, data: bytes) -> None:
        _check(data)
        try:
            self._book = CalamineWorkbook.from_filelike(io.BytesIO(data))
            self._names = {name.strip().lower(): name for name in self._book.sheet_names}
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # a panic of the library is no Exception
            raise UnreadableError("The workbook is damaged.") from None
        self.sheets = set(self._names)
        self.repaired = 0

    def rows(self, sheet: str) -> list[dict[str, Any]]:
        """The rows under the first one, by column, without empty cells. No rows when there is no such sheet."""
        if sheet not in self._names:
            return []
        try:
            lines = self._book.get_sheet_by_name(self._names[sheet]).to_python(skip_empty_area=False)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:
            raise UnreadableError(f"The sheet {sheet} of the workbook is damaged.") from None
        columns = [str(cell).strip().lower() for cell in lines[0]] if lines else []
        rows = [
            {column: _plain(cell) for column, cell in zip(columns, line, strict=False) if column and cell != ""}
            for line in lines[1:]
        ]
        _, repaired = repair(rows)
        self.repaired += repaired
        return [row for row in rows if row]


def _check(data: bytes) -> None:
    """Refuse a workbook that is small only as long as it is packed."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            left = LARGEST_UNPACKED
            for member in archive.infolist():
                sheet = member.filename.startswith("xl/worksheets/")
                columns = rows = 0
                tail = b""
                with archive.open(member) as stream:
                    while chunk := stream.read(2**20):
                        left -= len(chunk)
                        if left < 0:
                            raise UnreadableError("The workbook unpacks to more than a gigabyte.")
                        if sheet:
                            for letters, number in _PLACE.findall(tail + chunk):
                                rows = max(rows, int(number))
                                columns = max(columns, _column(letters))
                            tail = chunk[-20:]
                if columns * rows > MOST_CELLS:
                    raise UnreadableError("A sheet of the workbook is larger than any game.")
    except UnreadableError:
        raise
    except Exception:
        raise UnreadableError("The workbook is damaged or encrypted.") from None


def _plain(cell: Any) -> Any:
    """A cell as JSON would have it: moments and times as text."""
    return cell if isinstance(cell, str | int | float) else str(cell)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number

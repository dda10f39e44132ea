"""Excel workbooks, written row by row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO

from stanchion.errors import StanchionError
from stanchion.export.formats.plain import plain
from stanchion.export.marts import Mart, Selection, statement
from stanchion.server.connection import Connection

if TYPE_CHECKING:
    from xlsxwriter import Workbook

_ROWS = 1_048_576  # of a sheet
_TEXT = 32_767  # characters of a cell
_BATCH = 5_000


def write_xlsx(conn: Connection, marts: Sequence[Mart], selection: Selection, out: BinaryIO) -> dict[str, int]:
    """Write a workbook with a sheet for each mart, and return their rows. Rows beyond a sheet go to a second one."""
    try:
        from xlsxwriter import Workbook
    except ImportError:
        raise StanchionError("Excel needs a package; install it with: pip install 'stanchion[export]'") from None
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,  # a name that begins with = stays a name
        "strings_to_urls": False,
        "default_date_format": "yyyy-mm-dd",
    }
    with Workbook(out, options) as book:
        return {mart.name: _write(conn, mart, selection, book) for mart in marts}


def _write(conn: Connection, mart: Mart, selection: Selection, book: Workbook) -> int:
    found = statement(mart, selection, [plain(each) for each in mart.columns])
    header = [each.name for each in mart.columns]
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    moments = {number for number, each in enumerate(mart.columns) if each.kind == "timestamp with time zone"}
    sheets = count = at = 0
    sheet: Any = None
    with conn.cursor(name="export") as cursor:
        cursor.itersize = _BATCH
        cursor.execute(found)
        for row in cursor:
            if sheet is None or at == _ROWS:
                sheets += 1
                sheet, at = _sheet(book, mart.name, sheets, header), 1
            for number, cell in enumerate(row):
                if cell is None:
                    continue
                if number in moments:
                    sheet.write_datetime(at, number, datetime.fromisoformat(cell).replace(tzinfo=None), moment)
                else:
                    _write_cell(sheet, at, number, cell, f"{mart.name}.{header[number]}")
            at += 1
            count += 1
    if sheet is None:
        _sheet(book, mart.name, 1, header)
    return count


def _sheet(book: Workbook, name: str, number: int, header: Sequence[str]) -> Any:
    sheet = book.add_worksheet(name[:31] if number == 1 else f"{name[:27]} ({number})")
    sheet.freeze_panes(1, 0)
    sheet.write_row(0, 0, header, book.add_format({"bold": True}))
    return sheet


def _write_cell(sheet: Any, row: int, number: int, cell: Any, name: str) -> None:
    if isinstance(cell, bool):
        sheet.write_boolean(row, number, cell)
    elif isinstance(cell, int | float | Decimal):
        sheet.write_number(row, number, float(cell))
    elif isinstance(cell, date):
        sheet.write_datetime(row, number, cell)
    elif len(text := str(cell)) <= _TEXT:
        sheet.write_string(row, number, text)
    else:
        raise StanchionError(f"{name} has a text of {len(text):,} characters, and a cell of Excel holds {_TEXT:,}.")

"""A sheet has the same cells by column as by row. A workbook with too many cells is refused before it is unpacked."""

import io
import itertools
import random
import re
import zipfile
from datetime import date

import pytest

from stanchion.dev.sample.files import workbook, xlsx
from stanchion.ingest.reading import sheets
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.shape import Number, Text, Truth, _coerced, coerce_all
from stanchion.ingest.reading.sheets import Workbook
from tests.ingest.reading.helpers import played

REFUSED = re.compile(r"A sheet of the workbook has (\d+) cells, more than the limit of 20000000\.")
SHEET = "xl/worksheets/sheet1.xml"


def changed(book, name, change, new_name=None):
    """Return a workbook in which the text of a file is changed, and optionally the name of that file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            text = old.read(member).decode()
            if new_name:
                text = text.replace(name.removeprefix("xl/"), new_name.removeprefix("xl/"))
            is_it = member == name
            new.writestr(new_name if is_it and new_name else member, change(text) if is_it else text)
    return packed.getvalue()


def with_reference(attribute, name=SHEET):
    book = xlsx({"events": [{"a": 1}], "shifts": []})
    return changed(book, SHEET, lambda text: text.replace("<c><v>1</v></c>", f"<c {attribute}><v>1</v></c>"), name)


@pytest.mark.parametrize(
    ("attribute", "cells"),
    [
        ('r="XFD1048576"', 16384 * 1048576),
        ("r='xfd1048576'", 16384 * 1048576),
        ('r = "XFD1048576"', 16384 * 1048576),
        ('r="A00000000099999999"', 99_999_999),
        ('r="ZZ99999"', 702 * 99_999),
    ],
)
def test_reference_to_a_far_cell_is_refused(attribute, cells):
    with pytest.raises(UnreadableError) as error:
        Workbook(with_reference(attribute))
    assert REFUSED.fullmatch(str(error.value))[1] == str(cells)


def test_far_cell_is_refused_in_a_sheet_with_another_name():
    with pytest.raises(UnreadableError, match=REFUSED):
        Workbook(with_reference('r="XFD1048576"', "xl/other.bin"))


def test_last_row_and_last_column_may_be_in_different_cells():
    """No cell alone is beyond the limit."""
    row = '<row r="70000"><c r="A70000"><v>1</v></c></row><row><c r="YY2"><v>1</v></c></row></sheetData>'
    with pytest.raises(UnreadableError, match=REFUSED):
        Workbook(changed(xlsx({"events": []}), SHEET, lambda text: text.replace("</sheetData>", row)))


@pytest.mark.parametrize("before", range(2**20 - 40, 2**20 + 1, 3))
def test_reference_across_two_pieces_of_a_file_is_found(before):
    def padded(text):
        start = text.replace("<sheetData>", f"<!--{'-' * before}--><sheetData>").replace("--", "- ")
        return start.replace("</sheetData>", '<row><c r="XFD1048576"/></row></sheetData>')

    with pytest.raises(UnreadableError, match=REFUSED):
        Workbook(changed(xlsx({"events": []}), SHEET, padded))


def test_far_reference_within_the_limit_is_read():
    assert Workbook(with_reference('r="A70000"')).sheet("events").height == 1


ONE = "<c><v>1</v></c>"
WIDE = f"<row>{ONE * 3000}</row>" + f"<row>{ONE}</row>" * 8000


def with_rows(rows):
    return changed(
        xlsx({"events": [], "shifts": []}), SHEET, lambda text: text.replace("</sheetData>", f"{rows}</sheetData>")
    )


@pytest.mark.parametrize(
    "rows",
    [
        WIDE,
        WIDE.replace("<", "<x:").replace("<x:/", "</x:"),
        f"<row>{ONE * 3000}</row>" + '<row s=">"/>' * 8000 + f"<row>{ONE}</row>",
        f"<row>{ONE * 3000}</row>" + "</row>" * 8000 + f"<row>{ONE}</row>",
        f'<row r="1048576">{ONE * 700}</row>',
        f'<row><c r="A9000"><v>1</v></c>{ONE * 3000}</row>',
    ],
    ids=["plain", "prefix", "empty rows", "ends", "number of a row", "after a reference"],
)
def test_too_many_cells_without_references_are_refused(rows):
    """The library would allocate them at once, and end the process when it cannot."""
    with pytest.raises(UnreadableError, match=REFUSED):
        Workbook(with_rows(rows)).sheet("events")


@pytest.mark.parametrize("limit", [1499, 1500])
def test_limit_of_cells_without_references_is_exact(limit, monkeypatch):
    monkeypatch.setattr(sheets, "MAX_CELLS", limit)
    book = with_rows(f"<row>{ONE * 30}</row>" * 49 + f"<row >{ONE * 29}<c><v>2</v><v>1</v></c></row>")
    if limit < 1500:
        with pytest.raises(UnreadableError, match="has 1500 cells, more than the limit of 1499"):
            Workbook(book).sheet("events")
    else:
        assert Workbook(book).sheet("events").height == 49


def test_cells_without_references_are_counted_across_two_pieces_of_a_file():
    text = f'<row>{ONE * 3}</row><row r="2">{ONE * 5}<c r="A2"/></row><x:row  s="1"/><row>{ONE}</row>'.encode()
    expected = sheets._loose_cells([text])
    assert expected == (4, 5)
    for place in range(len(text)):
        assert sheets._loose_cells([text[:place], text[place:]]) == expected


def test_workbook_that_unpacks_to_too_much_is_refused(monkeypatch):
    monkeypatch.setattr(sheets, "MAX_UNPACKED_BYTES", 10_000)
    with pytest.raises(UnreadableError, match="unpacks to more than"):
        Workbook(workbook(played()))


def test_damaged_workbook_is_refused():
    book = workbook(played())
    with pytest.raises(UnreadableError, match="damaged or encrypted"):
        Workbook(book[: len(book) // 2])


VALUES = (None, "", "a", "Ä", 0, 1, 2.5, -3, 10**17, "0", " ", 1e400, "true")
NAMES = ("a", "a_", "b", "B", " c ", "", "d")


@pytest.mark.parametrize("seed", range(60))
def test_cells_by_column_are_the_cells_by_row(seed):
    """Repeated names, columns without a name, empty rows and numbers that cannot be stored included."""
    rng = random.Random(seed)
    names = rng.choices(NAMES, k=rng.randint(1, 6)) if seed % 3 else rng.sample(NAMES[:3], 3)
    lines = [[rng.choice(VALUES if seed % 2 else VALUES[:9]) for _ in names] for _ in range(rng.randint(0, 12))]
    cells = "".join(f"<row>{''.join(map(cell, line))}</row>" for line in [names, *lines])
    book = changed(xlsx({"events": []}), SHEET, lambda text: text.replace("<sheetData>", f"<sheetData>{cells}"))
    by_row, by_column = Workbook(book), Workbook(book)
    rows, sheet = by_row.rows("events"), by_column.sheet("events")
    assert [sheet.row(number) for number in range(sheet.height)] == rows
    assert by_column.repaired == by_row.repaired
    for wanted in itertools.permutations(("a", "a_", "b", "absent"), 2):
        expected = [next((row[name] for name in wanted if name in row), None) for row in rows]
        assert list(map(repr, sheet.column(*wanted))) == list(map(repr, expected))


def cell(value):
    if value is None:
        return "<c/>"
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t xml:space="preserve">{value}</t></is></c>'
    return f"<c><v>{'1e400' if value == float('inf') else value}</v></c>"


def test_date_in_a_cell_is_text():
    styles = '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
    book = changed(xlsx({"events": [{"day": 46038}]}), SHEET, lambda text: text.replace("<c><v>4", '<c s="1"><v>4'))
    packed = io.BytesIO(book)
    with zipfile.ZipFile(packed, "a") as archive:
        main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        archive.writestr("xl/styles.xml", f'<styleSheet xmlns="{main}">{styles}</styleSheet>')
    found = Workbook(packed.getvalue())
    (row,) = found.rows("events")
    assert row["day"].startswith(str(date(2026, 1, 16)))
    assert found.sheet("events").row(0) == row


def test_missing_sheet_has_no_rows():
    book = Workbook(xlsx({"events": []}))
    assert (book.rows("shifts"), book.sheet("shifts").height, book.sheet("shifts").row(0)) == ([], 0, {})
    assert book.sheet("shifts").column("a") == []


@pytest.mark.parametrize("kind", [Text, Number, Truth])
@pytest.mark.parametrize(
    "values",
    [
        [1, True, 1.0, None, "1"],
        [1.0, 2.5, 1.0],
        [3, None, 2**53, -(2**53)],
        [3, 2**53 + 1, None],
        [True, False, None],
        ["a", None, "b"],
    ],
)
def test_values_of_a_column_are_converted_like_single_values(kind, values):
    expected = [value if value is None or isinstance(value, str) else _coerced(value, kind) for value in values]
    assert list(map(repr, coerce_all(values, kind))) == list(map(repr, expected))

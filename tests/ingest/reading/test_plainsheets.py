"""A sheet that is read without the library has the cells that the library reads, and any other sheet is left to it."""

import io
import random
import re
import zipfile
from datetime import datetime

import pytest
from xlsxwriter import Workbook as Writer

from stanchion.dev.sample.files import workbook, xlsx
from stanchion.ingest.reading import sheets
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.plainsheets import plain_sheets
from stanchion.ingest.reading.sheets import Workbook
from tests.ingest.reading.helpers import played
from tests.ingest.reading.test_sheets import SHEET

TEXTS = ["", "a", "Ä", " a ", "a\nb", "&amp;", "&lt;&gt;&quot;&apos;", '2"', "12"]
ODD_TEXTS = ["&#65;", "&bad;", "_x0041_", "a\rb", "\x00"]
NUMBERS = ["0", "1", "-3", "2.50", "1e3", "-0", "007", "1E-400"]
ODD_NUMBERS = ["1e400", "nan", "+1", ".5", "1.", " 1", "12x", "46038"]
KINDS = [None, None, "n", "s", "inlineStr", "str", "b", "e"]


def read(book):
    """Return the cells of every sheet by row and by column, or the reason why the workbook is refused."""
    try:
        found = Workbook(book)
        rows = {name: found.rows(name) for name in sorted(found.sheets)}
        found = Workbook(book)
        by_column = {name: found.sheet(name) for name in sorted(found.sheets)}
    except UnreadableError as error:
        return str(error)
    cells = {name: [sheet.row(number) for number in range(sheet.height)] for name, sheet in by_column.items()}
    return repr((rows, cells, found.repaired))


def by_library(book, monkeypatch):
    with monkeypatch.context() as only:
        only.setattr(sheets, "plain_sheets", lambda files: None)
        return read(book)


def unpacked(book):
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def with_sheet(rows, **files):
    """Return a workbook whose first sheet has these rows as XML, with these files in the folder xl."""
    book = unpacked(xlsx({"events": [], "shifts": []}))
    book[SHEET] = book[SHEET].replace(b"<sheetData>", b"<sheetData>" + rows.encode())
    return packed(book | {f"xl/{name}.xml": content.encode() for name, content in files.items()})


def is_plain(book):
    found = plain_sheets(unpacked(book))
    return found is not None and all(found.lines(name) is not None for name in found.paths)


def written(rows, **options):
    """Return a workbook that a library writes."""
    data = io.BytesIO()
    with Writer(data, options) as book:
        sheet = book.add_worksheet("Events")
        book.add_worksheet("Shifts & more" if len(rows) % 2 else "Shifts")
        bold = book.add_format({"bold": True})
        for row, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                sheet.write(row, column, cell, bold if row == 0 else None)
    return data.getvalue()


class TestForms:
    def test_sample_is_read_without_the_library(self):
        assert is_plain(workbook(played()))

    @pytest.mark.parametrize("options", [{}, {"constant_memory": True}])
    def test_workbook_of_a_library_is_read_without_the_library(self, options, monkeypatch):
        rows = [["a", "B ", "c"], [1, "x", None], [None, 2.5, True], [], ["=1+1", "", " y "], [None, None, "last"]]
        book = written(rows, **options)
        assert is_plain(book)
        assert read(book) == by_library(book, monkeypatch)
        assert "'last'" in read(book)

    def test_date_is_left_to_the_library(self, monkeypatch):
        book = written([["day"], [datetime(2026, 1, 16)]], default_date_format="yyyy-mm-dd", constant_memory=True)
        assert not is_plain(book)
        assert read(book) == by_library(book, monkeypatch)
        assert "2026-01-16" in read(book)


HEADER = '<row r="1"><c r="A1" t="str"><v>a</v></c><c r="B1" t="str"><v>b</v></c></row>'


@pytest.mark.parametrize(
    "row",
    [
        '<row r="2"><c r="B2"><v>1</v></c></row>',
        '<row r="9"/><row r="12"><c r="A12"/><c r="B12" s="12" t="str"><v>12"</v></c></row>',
        '<row r="2"></row><row r="3"><c r="A3"><f>1+1</f><v>2</v></c></row>',
        '<row r="2"><c r="A2" t="str"><f t="shared" ref="A2:A9" si="0">A&amp;B</f><v>x</v></c></row>',
        '<row r="2"><c r="A2" t="str"><f t="shared" si="0"/><v>x</v></c><c r="D2" s="0"/></row>',
    ],
)
def test_usual_rows_are_read_without_the_library(row, monkeypatch):
    book = with_sheet(HEADER + row)
    assert is_plain(book)
    assert read(book) == by_library(book, monkeypatch)


@pytest.mark.parametrize(
    "row",
    [
        '<row r="2"><c r="A3"><v>1</v></c></row>',  # contradicts its row
        '<row r="2"><c r="B2"><v>1</v></c><c r="A2"><v>2</v></c></row>',
        '<row r="2"><c r="A2"><v>1</v></c><c><v>2</v></c></row>',
        '<row r="2"><c r="a2"><v>1</v></c></row>',
        '<row r="2"><c r="AA2"><v>1</v></c></row>',  # beyond the header
        '<row r="1"><c r="A1"><v>1</v></c></row>',  # the number of another row
        '<row><c r="A2"><v>1</v></c></row>',
        '<row r="2"><c r="A2"><v>1</v></c><row r="3"><c r="A3"><v>2</v></c></row>',
        '<row r="2"><!--<c r="A2"><v>1</v></c>--></row>',
        '<row r="2"><c r="A2" t="str"><v><![CDATA[x]]></v></c></row>',
        '<row r="2"><c r="A2" t="inlineStr"><is><r><t>x</t></r><r><t>y</t></r></is></c></row>',
        '<row r="2"><c t="str" r="A2"><v>x</v></c></row>',
        '<row r="2"><c r="A2" t="s"><v>0</v></c></row>',  # the workbook has no shared strings
        '<row r="2"><c r="A2"><v>1</v><v>2</v></c></row>',
        '<x:row xmlns:x="x" r="2"><x:c r="A2"><x:v>1</x:v></x:c></x:row>',
    ],
)
def test_other_rows_are_left_to_the_library(row, monkeypatch):
    book = with_sheet(HEADER + row)
    assert not is_plain(book)
    assert read(book) == by_library(book, monkeypatch)


STRINGS = '<sst count="2"><si><t>one</t></si><si><t xml:space="preserve"> &amp; </t></si><si><t> two </t></si></sst>'
FIRST_EMPTY = "<sst><si/><si><t>one</t></si><si><t>two</t></si></sst>"
RICH = "<sst><si><t>one</t></si><si><r><t>a</t></r><r><t>b</t></r></si><si><t>c</t></si></sst>"
STYLES = '<styleSheet><cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="2"/></cellXfs></styleSheet>'
CUSTOM = (
    '<styleSheet><numFmts><numFmt numFmtId="{}" formatCode="{}"/></numFmts>'
    '<cellXfs><xf numFmtId="{}"/></cellXfs></styleSheet>'
)
CHANGED = CUSTOM.format(0, "yyyy", 0)
QUOTED = CHANGED.replace('"', "'")
OWN = CUSTOM.format(164, "0.0", 164)


def cell(rng, reference):
    is_odd = rng.random() < 0.02
    kind = rng.choice(["d", "x", *KINDS] if is_odd else KINDS)
    if kind in ("str", "inlineStr"):
        value = rng.choice(ODD_TEXTS if is_odd else TEXTS)
    elif kind in ("s", "b"):
        value = rng.choice(ODD_NUMBERS if is_odd else NUMBERS[:2])
    elif kind == "e":
        value = rng.choice(["#OTHER!"] if is_odd else ["#N/A", "#REF!"])
    else:
        value = rng.choice(ODD_NUMBERS if is_odd else NUMBERS)
    about = f' r="{reference}"' if reference else ""
    about += rng.choice(["", "", ' s="0"'] if rng.random() < 0.98 else [' s="1"', ' s="9"']) + (
        f' t="{kind}"' if kind else ""
    )
    if rng.random() < 0.15:
        return f"<c{about}/>"
    formula = rng.choice(["", "", "", "<f>A1*2</f>", '<f t="shared" si="1"/>'])
    if kind == "inlineStr":
        space = rng.choice(["", ' xml:space="preserve"'])
        return f"<c{about}>{formula}<is><t{space}>{value}</t></is></c>"
    return f"<c{about}>{formula}<v>{value}</v></c>"


def random_book(seed):
    rng = random.Random(seed)
    has_references, width = seed % 2 == 1, rng.randint(1, 5)

    def reference(place, number):
        return f"{chr(65 + place)}{number}" if has_references else ""

    names = rng.sample(["a", "b", " C ", "d", "e"], width)
    header = "".join(f'<c r="{reference(place, 1)}" t="str"><v>{name}</v></c>' for place, name in enumerate(names))
    rows, number = [f'<row r="1">{header}</row>'], 1
    for _ in range(rng.randint(0, 7)):
        number += 1 if rng.random() < 0.8 else rng.randint(1, 30)
        places = [place for place in range(width) if not has_references or rng.random() < 0.7]
        rows.append(f'<row r="{number}">{"".join(cell(rng, reference(place, number)) for place in places)}</row>')
    files = {}
    if rng.random() < 0.9:
        files["sharedStrings"] = rng.choice([STRINGS, STRINGS, STRINGS, STRINGS, RICH, FIRST_EMPTY])
    if rng.random() < 0.7:
        files["styles"] = rng.choice([STYLES, STYLES, STYLES, OWN, CHANGED, QUOTED])
    text = "".join(rows)
    return with_sheet(text if has_references else re.sub(' r="[0-9]*"', "", text), **files)


@pytest.mark.parametrize("first", range(0, 2000, 250))
def test_random_sheet_has_the_cells_that_the_library_reads(first, monkeypatch):
    plain = 0
    for seed in range(first, first + 250):
        book = random_book(seed)
        assert read(book) == by_library(book, monkeypatch), seed
        plain += is_plain(book)
    assert 60 < plain < 200


PIECES = [
    "<c>",
    "</c>",
    "<row>",
    "</row>",
    "<v>",
    "</v>",
    "<!---->",
    "&amp;",
    "<si>",
    "</si>",
    "<xf/>",
    "<sheetData>",
    "<",
    ">",
    '"',
]


def damaged(book, seed):
    """Return the workbook with a piece of XML inserted into one of its files, or with some bytes removed."""
    rng = random.Random(seed)
    files = unpacked(book)
    name = rng.choice([SHEET, SHEET, *sorted(files)])
    text, place = files[name], rng.randrange(len(files[name]) + 1)
    if rng.random() < 0.5:
        files[name] = text[:place] + rng.choice(PIECES).encode() + text[place:]
    else:
        files[name] = text[:place] + text[place + rng.randint(1, 6) :]
    return packed(files)


def test_damaged_workbook_has_the_outcome_of_the_library(monkeypatch):
    """Both read the same cells, or refuse the workbook for the same reason."""
    book = written([["a", "b"], [1, "x"], [2.5, None], [None, "x & y"]])
    found = set()
    for seed in range(600):
        one = damaged(book, seed)
        outcome = read(one)
        assert outcome == by_library(one, monkeypatch), seed
        found.add((outcome.startswith("The "), is_plain(one)))
    assert found == {(True, False), (False, False), (False, True)}

"""Read the sheets of workbooks in the form in which Excel and the usual libraries write them.

Most cells of a sheet repeat the text of another cell. This module splits the text of a sheet at its cells and parses
each distinct text once. A library that parses every element needs several times the CPU time. This module returns None
for any other form of sheet. The caller then uses the library, so that both give the same cells.
"""

import math
import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from operator import itemgetter
from typing import Any, Final, NamedTuple
from xml.parsers import expat

MAX_CELLS: Final = 2_000_000  # of one sheet
_MAX_DISTINCT: Final = 20_000  # cells of one sheet; with more of them the library needs less time
_MAX_ROWS: Final = 2**20  # as in Excel
_HEAD = re.compile(rb"(?:<\?xml[^<>]*\?>)?\s*<worksheet[^<>]*>(?:\s*<[^<>!?]*>)*\s*")
_DIMENSION = re.compile(rb'<dimension ref="[A-Z]{1,3}\d{1,7}(?::[A-Z]{1,3}\d{1,7})?"/>')
_ROW = re.compile(rb'(?: r="([1-9]\d{0,6})")?(?: (?!r=)[\w:]+="[^"<>&]*")*(?:(>)|/>|></row>)')
_CELL = re.compile(
    rb'(?: s="(\d{1,5})")?(?: t="(\w+)")?'
    rb"(?:/>|>(?:<f(?: [^<>]*)?(?:/>|>[^<]*</f>))?"
    rb"(?:<v>(?:(-?\d{1,17}(?:\.\d{1,20})?(?:[eE][+-]?\d{1,3})?)|([^<]*))</v>"
    rb'|<is><t( xml:space="preserve")?>([^<]*)</t></is>)?</c>)'
)
_REFERENCE = re.compile(rb'<c r="([A-Z]{1,3})([1-9]\d{0,6})"')
_ALL_STRINGS = re.compile(rb"(?:<\?xml[^<>]*\?>)?\s*<sst[^<>]*>((?:<si>.*)?)</sst>\s*", re.DOTALL)
_STRING = re.compile(rb'<t( xml:space="preserve")?>([^<]*)</t></si>')
_ENTITY = re.compile("&[^;]*;?")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&amp;": "&"}
_SPACE = " \t\r\n"
_ERRORS = {b"#NULL!", b"#DIV/0!", b"#VALUE!", b"#REF!", b"#NAME?", b"#NUM!", b"#N/A"}
_NUMBER_FORMATS = {b"0", b"1", b"2", b"3", b"4", b"9", b"10", b"11", b"12", b"13", b"37", b"38", b"39", b"40", b"49"}
_STRINGS: Final = "xl/sharedStrings.xml"
_STYLES: Final = "xl/styles.xml"
_STATES = {"visible", "hidden", "veryHidden"}


class Lines(NamedTuple):
    """The cells of a sheet by row, in rows of equal length, and its distinct values."""

    rows: list[list[Any]]
    values: set[Any]


class PlainSheets:
    """The sheets of a workbook by name, in the order of the workbook."""

    def __init__(self, files: Mapping[str, bytes], paths: dict[str, str]) -> None:
        self.paths = paths
        self._files = files
        self._strings = _strings(files.get(_STRINGS))
        self._styles = _styles(files.get(_STYLES))

    def lines(self, name: str) -> Lines | None:
        """Return the cells of a sheet; None when the sheet has another form."""
        cells = _Cells(self._strings, self._styles)
        try:
            rows = _rows(self._files[self.paths[name]], cells)
        except _OtherFormError:
            return None
        return Lines(rows, {"", *cells.values()})


def plain_sheets(files: Mapping[str, bytes]) -> PlainSheets | None:
    """Return the sheets of a workbook, given its unpacked files; None when they have another form."""
    # the library finds a file also when its path has other letters or backslashes
    found = {name.lower().replace("\\", "/") for name in files}
    if len(found) < len(files) or any(path.lower() in found and path not in files for path in (_STRINGS, _STYLES)):
        return None
    try:
        return PlainSheets(files, _paths(files))
    except _OtherFormError:
        return None


class _OtherFormError(Exception):
    """The text has a form that this module does not read."""


# ---------------------------------------------------------------- the list of sheets


def _paths(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the file of each sheet."""
    books = [each for each in _elements(files, "_rels/.rels", "Relationship") if _is(each, "officeDocument")]
    if [each.get("Target", "").removeprefix("/") for each in books] != ["xl/workbook.xml"]:
        raise _OtherFormError
    related = {each.get("Id"): each for each in _elements(files, "xl/_rels/workbook.xml.rels", "Relationship")}
    paths: dict[str, str] = {}
    for sheet in _elements(files, "xl/workbook.xml", "sheet"):
        name, found = sheet.get("name", ""), related.get(sheet.get("r:id"), {})
        target = found.get("Target", "")
        path = target[1:] if target.startswith("/") else f"xl/{target}"
        is_known = _is(found, "worksheet") and path in files and sheet.get("state", "visible") in _STATES
        if not is_known or name in paths:
            raise _OtherFormError
        paths[name] = path
    return paths


def _is(relationship: Mapping[str, str], kind: str) -> bool:
    return relationship.get("Type", "").endswith(f"/relationships/{kind}")


def _elements(files: Mapping[str, bytes], path: str, name: str) -> list[dict[str, str]]:
    """Return the attributes of each element with this name."""
    found: list[dict[str, str]] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag == name:
            found.append(attributes)
        elif tag.endswith(f":{name}"):
            raise _OtherFormError

    _parse(files.get(path, b""), start)
    return found


def _parse(xml: bytes, start: Callable[[str, dict[str, str]], None] | None = None) -> bytes:
    """Return a text of XML after a check that it is valid and has no comment, declaration or CDATA."""
    if b"<!" in xml:
        raise _OtherFormError
    parser = expat.ParserCreate("UTF-8")
    parser.StartElementHandler = start
    try:
        parser.Parse(xml, True)
    except expat.ExpatError:
        raise _OtherFormError from None
    return xml


# ---------------------------------------------------------------- values


def _text(written: bytes) -> str:
    try:
        text = written.decode()
    except UnicodeDecodeError:
        raise _OtherFormError from None
    if "\r" in text or "_x00" in text:  # a line break that XML normalizes, and the way Excel writes control characters
        raise _OtherFormError
    return _ENTITY.sub(_entity, text) if "&" in text else text


def _entity(found: re.Match[str]) -> str:
    if found[0] not in _ENTITIES:
        raise _OtherFormError
    return _ENTITIES[found[0]]


def _string(is_preserved: bytes | None, written: bytes) -> str:
    return _text(written) if is_preserved else _text(written).strip(_SPACE)


def _strings(xml: bytes | None) -> list[str]:
    """Return the texts to which cells refer by number."""
    if xml is None:
        return []
    found = _ALL_STRINGS.fullmatch(_parse(xml))
    texts = map(_STRING.fullmatch, found[1].split(b"<si>")[1:]) if found else [None]
    return [_string(each[1], each[2]) if each else _fail() for each in texts]


def _fail() -> Any:
    raise _OtherFormError


def _styles(xml: bytes | None) -> set[bytes] | None:
    """Return the styles whose numbers are not dates; None when all are."""
    if xml is None:
        return None
    custom = [re.search(rb' numFmtId="(\d+)"', each) for each in re.findall(rb"numFmt\s[^<>]*", _parse(xml))]
    formats = _NUMBER_FORMATS - {each[1] if each else _fail() for each in custom}
    styles = xml.partition(b"<cellXfs")[2].partition(b"</cellXfs>")[0].split(b"<xf")[1:]
    found = [re.match(rb'[^<>]* numFmtId="(\d+)"', style) for style in styles]
    return {b"%d" % number for number, each in enumerate(found) if each and each[1] in formats}


class _Cells(dict[bytes, Any]):
    """The value of each distinct text of a cell, without its reference."""

    def __init__(self, strings: list[str], styles: set[bytes] | None) -> None:
        super().__init__()
        self._strings, self._styles = strings, styles

    def __missing__(self, text: bytes) -> Any:
        found = _CELL.fullmatch(text)
        if not found or len(self) == _MAX_DISTINCT:
            raise _OtherFormError
        style, kind, number, other, space, string = found.groups()
        if number and (kind is None or kind == b"n"):
            value = float(number)
            if not math.isfinite(value) or not (style is None or self._styles is None or style in self._styles):
                raise _OtherFormError
            self[text] = value
            return value
        self[text] = self._value(kind, number or other, space, string)
        return self[text]

    def _value(self, kind: bytes | None, value: bytes | None, space: bytes | None, string: bytes | None) -> Any:
        if kind == b"inlineStr":
            return "" if string is None else _string(space, string)
        if string is not None:
            raise _OtherFormError
        if value is None or (kind == b"e" and value in _ERRORS):
            return ""
        if kind == b"str":
            return _text(value)
        if kind == b"s" and value.isdigit() and len(value) < 10 and int(value) < len(self._strings):
            return self._strings[int(value)]
        if kind == b"b" and value in (b"0", b"1"):
            return value == b"1"
        raise _OtherFormError


# ---------------------------------------------------------------- rows


def _rows(xml: bytes, cells: _Cells) -> list[list[Any]]:
    """Return the rows that have cells. All are as long as the first one is without empty cells at its end."""
    data = _data(xml)
    before, *found = data.split(b"<row", _MAX_ROWS + 1)
    if before or len(found) > _MAX_ROWS or (len(data) > 4 * MAX_CELLS and data.count(b"<c") > MAX_CELLS):
        raise _OtherFormError
    has_references = data.startswith(b'<c r="', data.find(b"<c"))
    places = _Places()
    rows: list[list[Any]] = []
    last = 0
    for row in found:
        if has_references:
            about, *parts = _REFERENCE.split(row)
            texts = parts[2::3]
        else:
            about, *texts = row.split(b"<c")
        if about == b">" and texts:
            number = None
            last += 1
        else:
            number, last = _number(about, last, bool(texts))
        if not texts:
            continue
        if not texts[-1].endswith(b"</row>"):
            raise _OtherFormError
        texts[-1] = texts[-1][:-6]
        line = list(map(cells.__getitem__, texts))
        if has_references:
            if parts[1::3].count(number) < len(texts):
                raise _OtherFormError
            line = places[tuple(parts[::3])](line)
        if not rows and last > 1:
            raise _OtherFormError
        rows.append(line)
    return _even(rows)


def _number(about: bytes, last: int, has_cells: bool) -> tuple[bytes | None, int]:
    """Return the number of a row as text and as a number, given the number of the row before it."""
    found = _ROW.fullmatch(about)
    if not found or bool(found[2]) != has_cells:
        raise _OtherFormError
    number = int(found[1] or last + 1)
    if number <= last:
        raise _OtherFormError
    return found[1], number


def _even(rows: list[list[Any]]) -> list[list[Any]]:
    """Make the rows as long as the first one is without empty cells at its end."""
    if not rows:
        return rows
    first = rows[0]
    while first and first[-1] == "":
        first.pop()
    width = len(first)
    if {*map(len, rows)} == {width}:
        return rows
    if width * len(rows) > MAX_CELLS:
        raise _OtherFormError
    for row in rows:
        if any(cell != "" for cell in row[width:]):
            raise _OtherFormError
        row[width:] = [""] * (width - len(row))
    return rows


def _data(xml: bytes) -> bytes:
    """Return the rows of a sheet as text."""
    start = xml.find(b"<sheetData")
    end = xml.rfind(b"</sheetData>")
    if end < 0:
        data, rest = b"", xml[start:]
    else:
        data, rest = xml[start + len(b"<sheetData>") : end], b"<sheetData/>" + xml[end + len(b"</sheetData>") :]
    head = xml[: max(start, 0)]
    is_usual = xml.startswith(b"<sheetData/>" if end < 0 else b"<sheetData>", start)
    if not is_usual or not _HEAD.fullmatch(head) or head.count(b"<dimension") != len(_DIMENSION.findall(head)):
        raise _OtherFormError
    _parse(head + rest)
    return data


class _Places(dict[tuple[bytes, ...], Callable[[list[Any]], list[Any]]]):
    """A function for the letters of the columns of a row. It inserts an empty text for each cell that the row omits."""

    def __missing__(self, letters: tuple[bytes, ...]) -> Callable[[list[Any]], list[Any]]:
        numbers = list(map(column_number, letters))
        if any(left >= right for left, right in pairwise(numbers)):
            raise _OtherFormError
        if len(numbers) == numbers[-1]:
            spread: Callable[[list[Any]], list[Any]] = list
        else:
            places = {number: place for place, number in enumerate(numbers)}
            pick = itemgetter(*(places.get(number, -1) for number in range(1, numbers[-1] + 1)))
            spread = lambda cells: list(pick([*cells, ""]))  # noqa: E731
        self[letters] = spread
        return spread


def column_number(letters: bytes) -> int:
    """Return the number of a column: A is 1."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number

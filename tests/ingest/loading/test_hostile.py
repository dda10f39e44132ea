"""Files made to break the reader are rejected with a reason, within bounded memory, and do not stop other files."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from stanchion.dev.sample.files import workbook
from stanchion.dev.sample.games import Game

from .conftest import League
from .exports import export, write
from .test_cost import peak

HEAD = "Date,Home Team,Away Team,Period,Clock,Team,Player,Event,X Coordinate,Y Coordinate,Detail 1,Detail 2\n"
START, END = b'{"gameId": 1, "homeTeam": "a", "rosters": {}, "shifts": [], "events": [', b"0]}"


def many(path: Path, unit: bytes, megabytes: int, start: bytes = b"", end: bytes = b"") -> None:
    block = unit * (2**20 // len(unit))
    with path.open("wb") as file:
        file.write(start)
        for _ in range(megabytes):
            file.write(block)
        file.write(end)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("brackets", "lines", "bomb"),
    [(257, 10, 80), pytest.param(500, 100, 200, marks=pytest.mark.exhaustive)],
    ids=["just too large", "far too large"],
)
def test_hostile_files_need_bounded_memory(
    brackets: int, lines: int, bomb: int, league: League, tmp_path: Path
) -> None:
    """The numbers are megabytes."""
    folder = write(tmp_path / "a", export())
    many(folder / "brackets.json", b"[", brackets)
    many(folder / "numbers.json", b"1,", 24, START, END)
    many(folder / "lists.json", b"[],", 24, START, END)
    many(folder / "objects.json", b"{},", 24, START, END)
    many(folder / "events.json", b'{"type":"Pass","players":[{"num":1}]},', 24, START, END)
    many(folder / "line.csv", b"x", lines, HEAD.encode())
    many(folder / "quote.csv", b"x\n", lines, HEAD.encode() + b'"')
    with (
        zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.json", "w") as file,
    ):
        for _ in range(bomb):
            file.write(b"[" * 2**20)
    files, megabytes = peak(league, folder)
    assert files == 9
    assert league.published() == 20
    rejected = dict(league.rows("select split_part(path, '/a/', 2), reason from landing.file"))
    too_many = "The file contains more objects or values than the largest possible game."
    assert {path: reason for path, reason in rejected.items() if reason} == {
        "brackets.json": "The file is larger than 256 MB, the limit for one game.",
        "numbers.json": too_many,
        "lists.json": too_many,
        "objects.json": too_many,
        "events.json": too_many,
        "line.csv": "The file is not a table: a line has more than 1000000 characters.",
        "quote.csv": "The file is not a table: a row has more than 100 lines.",
        "bomb.zip/a.json": "It unpacks to more than 100 times its packed size, like a zip bomb.",
    }
    assert megabytes < 500, "the largest file is as long as that"


def test_odd_files_are_loaded_or_rejected_with_a_reason(league: League, tmp_path: Path) -> None:
    text = json.dumps(export(18001))
    files = {
        "digits.json": json.dumps(export(18001)).replace('"idx": 3', '"idx": ' + "9" * 1000),
        "more digits.json": text.replace('"idx": 3', '"idx": ' + "9" * 6000),
        "deep.json": text.replace('"idx": 3', '"idx": ' + "[" * 10_000 + "]" * 10_000),
        "zero.json": json.dumps(export(18002)).replace("Kestrels", "Kes\\u0000trels"),
        "bare zero.json": text.replace("Kestrels", "Kes\x00trels"),
        "lone.json": json.dumps(export(18003)).replace("Kestrels", "Kes\\ud800trels"),
        "new\nline.json": "{",
        "cut.json": text[:-500],
        "semicolons.csv": "\ufeff"
        + HEAD.replace(",", ";")
        + "2026-02-01;North;South;1;11:00;North;N;Shot;9,5;4;;On Net\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    with_error(tmp_path / "formula.xlsx")
    league.load(tmp_path, jobs=2)
    found = {
        path.removeprefix(f"{tmp_path}/"): (outcome, reason or "")
        for path, outcome, reason in league.rows("select path, outcome, reason from landing.file")
    }
    refused = {name: reason for name, (outcome, reason) in found.items() if outcome == "rejected"}
    assert refused.keys() == {"more digits.json", "deep.json", "bare zero.json", "new\nline.json", "cut.json"}
    for name, part in {
        "more digits.json": "thousands of digits",
        "deep.json": "nested too deeply",
        "bare zero.json": "not JSON",
        "new\nline.json": "truncated",
        "cut.json": "truncated",
    }.items():
        assert part in refused[name]
    assert {outcome for name, (outcome, _) in found.items() if name not in refused} == {"published"}
    assert len(found) == len(files) + 1
    flags = dict(league.rows("select game_key, flags from contest.game_quality"))
    assert flags["18001"]["number_out_of_range"] == 1
    assert flags["18002"]["text_repaired"] > 0
    assert flags["18003"]["text_repaired"] > 0
    assert league.published("2026-02-01 North vs South") == 1


def with_error(path: Path) -> None:
    """Write a workbook in which one cell of the events is a formula that failed."""

    def change(text: str) -> str:
        before, _, after = text.rpartition("<c><v>")
        return before + '<c t="e"><f>1/0</f><v>#DIV/0!</v></c>' + after.partition("</c>")[2]

    with_events(path, change)


def with_events(path: Path, change: Callable[[str], str]) -> None:
    """Write a workbook in which the sheet of the events is changed."""
    plain = path.with_suffix(".tmp")
    plain.write_bytes(workbook(Game(3, 700_001)))
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            text = old.read(name).decode()
            if name == "xl/worksheets/sheet2.xml":
                changed = change(text)
                assert changed != text
                text = changed
            new.writestr(name, text)
    plain.unlink()


def test_workbook_that_would_fill_the_memory_does_not_stop_a_load(league: League, tmp_path: Path) -> None:
    """Cells without references: python-calamine would allocate 640 GB, and the process would end."""
    cell = "<c><v>1</v></c>"
    rows = f"<row>{cell * 100_000}</row>" + f"<row>{cell}</row>" * 200_000
    with_events(tmp_path / "wide.xlsx", lambda text: text.replace("<sheetData>", f"<sheetData>{rows}"))
    assert (tmp_path / "wide.xlsx").stat().st_size < 200_000
    total = league.load(write(tmp_path, export()))
    assert dict(total.outcomes) == {"published": 1, "rejected": 1}
    reasons = dict(league.rows("select outcome, reason from landing.file"))
    assert "more than the limit of 20000000" in reasons["rejected"]

"""Documents are found in files, folders, patterns, archives and standard input. Hostile ones are refused."""

import io
import os
import struct
import zipfile

import pytest

from stanchion.dev.sample.files import as_json, event_csv, workbook, xlsx
from stanchion.dev.sample.folder import write
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.recognise import read
from stanchion.ingest.reading.sources import documents, documents_in, from_bytes, limits
from tests.ingest.reading.helpers import played, short

EXPORT = as_json(short())


def packed(files, how=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", how) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def outcome(document):
    """Return what the loader gets: the keys of the games, or the reason why there are none."""
    try:
        return [game.game_key for game in read(document)]
    except UnreadableError as error:
        return str(error)


def outcomes(*paths):
    return {document.path: outcome(document) for document in list(documents(map(str, paths)))}


def test_folder_is_read_recursively_without_system_files(tmp_path):
    write(tmp_path / "games", games=1)
    for junk in (".DS_Store", "~$500001_tracking.xlsx", "__MACOSX/x.json", ".git/config"):
        place = tmp_path / "games" / "exports" / junk
        place.parent.mkdir(exist_ok=True)
        place.write_text("junk")
    found = outcomes(tmp_path / "games" / "exports")
    assert list(found) == sorted(found)
    assert len(found) == 4
    assert set(map(tuple, found.values())) == {("500001",)}


def test_matches_of_a_pattern_are_sorted(tmp_path):
    for name in ("b.json", "a.json", "c.txt"):
        (tmp_path / name).write_bytes(EXPORT)
    assert list(outcomes(tmp_path / "*.json")) == [str(tmp_path / "a.json"), str(tmp_path / "b.json")]
    assert list(outcomes(tmp_path / "c.txt", tmp_path / "a.json")) == [
        str(tmp_path / "c.txt"),
        str(tmp_path / "a.json"),
    ]
    (tmp_path / "[odd].json").write_bytes(EXPORT)
    assert outcomes(tmp_path / "[odd].json") == {str(tmp_path / "[odd].json"): ["500001"]}


def test_special_or_deleted_file_has_a_reason(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    assert outcomes(tmp_path / "pipe", tmp_path / "gone") == {
        str(tmp_path / "pipe"): "It is not a regular file.",
        str(tmp_path / "gone"): "It is not a regular file.",
    }
    (deleted,) = documents_in([str(tmp_path / "deleted")])
    assert outcome(deleted) == "The file was deleted before it was read."


def test_standard_input_is_read(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(EXPORT)))
    assert outcomes("-") == {"-": ["500001"]}


def test_archive_within_an_archive_is_opened(tmp_path):
    inner = packed({"deep/one": EXPORT, "book.bin": workbook(played())})
    (tmp_path / "x.dat").write_bytes(
        packed(
            {
                "../../etc/up.json": EXPORT,
                "in.zip": inner,
                "table.json": event_csv([played()]),
                "__MACOSX/a": b"x",
                "d/": b"",
            }
        )
    )
    here = tmp_path / "x.dat"
    assert outcomes(here) == {
        f"{here}/../../etc/up.json": ["500001"],
        f"{here}/in.zip/book.bin": ["500001"],
        f"{here}/in.zip/deep/one": ["500001"],
        f"{here}/table.json": [f"2026-01-16 {played().teams['home']} vs {played().teams['away']}"],
    }
    assert [path.name for path in tmp_path.rglob("*")] == ["x.dat"], "no file was unpacked to disk"


def test_third_level_of_archives_is_not_opened(tmp_path):
    (tmp_path / "a.zip").write_bytes(packed({"b.zip": packed({"c.zip": packed({"d.json": EXPORT})})}))
    assert outcomes(tmp_path / "a.zip") == {
        str(tmp_path / "a.zip/b.zip/c.zip"): (
            "An archive nested in two other archives is not opened; unpack the outer archive first."
        )
    }


def encrypted(data):
    """Set the encryption flag in both headers of a file of an archive."""
    data = bytearray(data)
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.index(signature)
        struct.pack_into("<H", data, start + place, 1)
    return bytes(data)


def unknown_method(data):
    data = bytearray(data)
    for signature, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        struct.pack_into("<H", data, data.index(signature) + place, 99)
    return bytes(data)


def flipped(data):
    data = bytearray(data)
    data[200] ^= 0xFF
    return bytes(data)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (encrypted, "encrypted"),
        (unknown_method, "compression method is not supported"),
        (flipped, "damaged"),
        (lambda data: data[: len(data) // 2], "damaged"),
        (lambda data: packed({}), "0 files"),
    ],
)
def test_damaged_or_encrypted_archive_has_one_reason(tmp_path, damage, reason):
    (tmp_path / "a.zip").write_bytes(damage(packed({"one.json": EXPORT})))
    (found,) = outcomes(tmp_path / "a.zip").values()
    assert reason in found


def test_damaged_file_of_an_archive_does_not_stop_the_others(tmp_path):
    data = packed({"one.json": EXPORT, "two.json": EXPORT})
    (tmp_path / "a.zip").write_bytes(flipped(data))
    assert [type(found) for found in outcomes(tmp_path / "a.zip").values()] == [str, list]


@pytest.mark.parametrize("megabytes", [80, pytest.param(200, marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("start", [b"", b"{", b"Date,Home Team,Away Team,Period,Clock,Team,Player,Event\n"])
def test_zip_bomb_is_refused_by_bytes_read_not_by_its_header(tmp_path, start, megabytes):
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("bomb", "w", force_zip64=True) as file,
    ):
        file.write(start)
        for _ in range(megabytes):
            file.write(b"\n" * 2**20)
    data = bytearray(stream.getvalue())
    struct.pack_into("<L", data, data.index(b"PK\x01\x02") + 24, 1000)  # the header claims 1000 bytes
    (tmp_path / "a.zip").write_bytes(data)
    assert len(data) < 2**20
    (found,) = outcomes(tmp_path / "a.zip").values()
    assert isinstance(found, str)


def test_many_small_zip_bombs_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_ARCHIVE_BYTES", 3 * 2**20)
    (tmp_path / "a.zip").write_bytes(packed({str(n): b" " * 2**20 for n in range(9)}))
    found = list(outcomes(tmp_path / "a.zip").values())
    assert any("unpacks to more" in reason for reason in found)
    assert not any(isinstance(reason, list) for reason in found)


def test_workbook_with_a_cell_at_the_last_place_is_refused():
    book = packed(
        {
            name: zipfile.ZipFile(io.BytesIO(xlsx({"events": [], "shifts": []}))).read(name)
            for name in ("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels")
        }
        | {
            "xl/worksheets/sheet1.xml": '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
            '<sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
            "</sheetData></worksheet>"
        }
    )
    assert outcome(from_bytes("book", book)) == (
        "A sheet of the workbook has 17179869184 cells, more than the limit of 20000000."
    )


def test_too_long_line_or_row_is_refused():
    assert "more than 1000000 characters" in outcome(from_bytes("x", b"a" * 2_000_000))
    head = b"Date,Home Team,Away Team,Period,Clock,Team,Player,Event\n"
    assert "more than 100 lines" in outcome(from_bytes("x", head + b"2026-01-01," + b'"' + b"a\n" * 500))


def test_documents_can_be_opened_later_and_repeatedly(tmp_path):
    (tmp_path / "a.zip").write_bytes(packed({"one.json": EXPORT, "two.json": EXPORT}))
    found = list(documents([str(tmp_path)]))
    assert [outcome(document) for document in reversed(found)] == [["500001"], ["500001"]]
    assert [outcome(document) for document in found] == [["500001"], ["500001"]]


def test_files_of_nested_archives_count_together(tmp_path, monkeypatch):
    monkeypatch.setattr("stanchion.ingest.reading.sources.limits.MAX_MEMBERS", 7)
    inner = packed({f"{number}.json": EXPORT for number in range(3)})
    (tmp_path / "all.zip").write_bytes(packed({f"{number}.zip": inner for number in range(4)}))
    found = outcomes(tmp_path / "all.zip")
    assert [path.split("all.zip/")[1] for path, keys in found.items() if isinstance(keys, list)] == [
        "0.zip/0.json", "0.zip/1.json", "0.zip/2.json", "1.zip/0.json", "1.zip/1.json",
    ]  # fmt: skip
    reasons = {keys for keys in found.values() if isinstance(keys, str)}
    assert reasons == {"The archive has more than 7 files in all; split it."}


def test_archive_with_tens_of_thousands_of_files_is_refused_at_once(tmp_path):
    (tmp_path / "many.zip").write_bytes(packed({f"{number}.json": b"" for number in range(20_001)}, zipfile.ZIP_STORED))
    assert list(outcomes(tmp_path / "many.zip").values()) == ["The archive has 20001 files; expected 1 to 20000."]

"""A file that no format recognises is refused with names that users know, and a file of one line is read once."""

import io
import json

import pytest

from stanchion.dev.sample.files import as_json, export, xlsx
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.lines import only_line
from stanchion.ingest.reading.recognise import PartsFormat, game_format, read, registered
from stanchion.ingest.reading.sources.document import Document, from_bytes
from tests.ingest.reading.helpers import played, read_all, read_one


def reason(data):
    with pytest.raises(UnreadableError) as error:
        read_all(data)
    return str(error.value)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            b'{"city": "Harbour"}',
            "The file is JSON, but its keys match no supported format (game export, hockeytech, nhl api-web, "
            "nhl statsapi, roster).",
        ),
        (
            b'{"details": {}, "homeTeam": {}}',
            "The file is JSON, but its keys match no supported format (game export, hockeytech, nhl api-web, "
            "nhl statsapi, roster). The nearest is hockeytech summary, which also needs: visitingTeam.",
        ),
        (
            b"city,snow\nHarbour,1\n",
            "The file is not JSON, and its columns match no supported format (event csv, hockey_scraper).",
        ),
        (
            b"Date,Game_Id,Period,Event,Strength,Home_Team,Away_Team,Time_Elapsed\n",
            "The file is not JSON, and its columns match no supported format (event csv, hockey_scraper). The nearest "
            "is hockey_scraper, which also needs: ev team; p1 id; home goalie id; away goalie id.",
        ),
        (
            xlsx({"shifts": [{"period": 1}]}),
            "The file is a workbook, but its sheets match no supported format (workbook). The nearest is workbook, "
            "which also needs: events.",
        ),
    ],
)
def test_reason_names_formats_as_users_know_them(data, expected):
    assert reason(data) == expected


def test_documents_of_a_game_belong_to_the_format_of_the_game():
    games = {entry.name for entry in registered() if isinstance(entry, PartsFormat)}
    known = {game_format(entry) for entry in registered() if not entry.name.startswith("archived ")}
    assert games <= known
    assert known == games | {"game export", "hockey_scraper", "nhl statsapi", "roster", "workbook"}


class _Counted(io.BytesIO):
    """A stream that counts the bytes read from it."""

    read_bytes = 0

    def read(self, size=-1):
        data = super().read(size)
        _Counted.read_bytes += len(data)
        return data

    def readline(self, size=-1):
        data = super().readline(size)
        _Counted.read_bytes += len(data)
        return data


def bytes_read(data):
    """Return the number of bytes that reading a file in memory takes."""
    _Counted.read_bytes = 0
    assert list(read(Document("a file", lambda: _Counted(data))))
    return _Counted.read_bytes


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n\n"])
def test_file_of_one_line_is_read_once_after_its_beginning(end):
    data = json.dumps(export(played())).encode() + end
    assert len(data) > 500_000
    assert bytes_read(data) <= len(data) + 64 * 1024


def test_file_of_many_lines_is_read_once_after_its_beginning():
    data = json.dumps(export(played()), indent=1).encode()
    assert bytes_read(data) <= len(data) + 65 * 1024


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"a": 1}', b'{"a": 1}'),
        (b'{"a": 1}\n \r\n', b'{"a": 1}\n \r\n'),
        (b'\n{"a": 1}', None),
        (b'{"a": 1}\n{"a": 2}', None),
        (b'{"a": 1}\n' + b" " * 100_000 + b"x", None),
        (b'{"a": "' + b"x" * 2**23 + b'"}', None),
    ],
)
def test_only_line(data, expected):
    assert only_line(from_bytes("x", data), data[:100]) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_one_line_and_many_lines_are_the_same_game(encoding):
    tree = export(played())
    texts = [json.dumps(tree), json.dumps(tree, indent=1), "\n" + json.dumps(tree) + "\n\n"]
    games = [read_one(text.encode(encoding)) for text in texts]
    assert {game.content_hash for game in games} == {read_one(as_json(tree)).content_hash}

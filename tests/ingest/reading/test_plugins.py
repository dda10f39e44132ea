"""Formats of plug-ins are read, and a broken plug-in is one clear error."""

import sys

import pytest

from stanchion.ingest.reading import recognise
from stanchion.ingest.reading.recognise import PluginError, plugged_in, read, registered
from stanchion.ingest.reading.sources import from_bytes

GOOD = """
from stanchion.ingest.reading.feed import Feed
from stanchion.ingest.reading.recognise import CsvFormat

def _read(table):
    feed = Feed("rink notes", "7", "Kestrels", "Lanterns")
    for line, row in table.rows():
        feed.play(1, None, "Shot", "Shot_OnNet", side="home")
    yield feed.game(b"{}")

FORMATS = (CsvFormat("rink notes", (("scribble",), ("when",)), _read),)

class Holder:
    FORMATS = FORMATS
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that puts a distribution with one module and one entry point on the path."""

    def put(code, point="rink_notes", group=recognise.PLUGINS):
        (tmp_path / "rink_notes.py").write_text(code)
        info = tmp_path / "rink_notes-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rink-notes\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{group}]\nnotes = {point}\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        clear()

    def clear():
        registered.cache_clear()
        plugged_in.cache_clear()
        sys.modules.pop("rink_notes", None)

    yield put
    clear()


@pytest.mark.parametrize("point", ["rink_notes", "rink_notes:Holder"])
def test_formats_of_a_plug_in_are_read(install, point):
    install(GOOD, point)
    (game,) = read(from_bytes("x", b"when,scribble\n1,2\n1,3\n"))
    assert (game.format, len(game.events)) == ("rink notes", 2)
    assert [(name, entry.name) for name, entry in plugged_in()] == [("rink-notes", "rink notes")]
    assert registered()[-1].name == "rink notes", "built-in formats are tried first"


@pytest.mark.parametrize(
    ("code", "point", "reason"),
    [
        ("1 / 0", "rink_notes", "loading rink_notes failed with ZeroDivisionError; repair or uninstall it."),
        ("import nothing_like_it", "rink_notes", "loading rink_notes failed with ModuleNotFoundError; repair"),
        (GOOD, "rink_notes:missing", "loading rink_notes:missing failed with AttributeError; repair"),
        ("x = 1", "rink_notes", "loading rink_notes failed with AttributeError; repair"),
        ("FORMATS = ['x']", "rink_notes", "its FORMATS is not a tuple of formats; repair or uninstall it."),
        (
            GOOD.replace('"rink notes", ((', '"roster", (('),
            "rink_notes",
            "another format has the name 'roster'; rename",
        ),
    ],
)
def test_broken_plug_in_is_one_clear_error(install, code, point, reason):
    install(code, point)
    with pytest.raises(PluginError) as error:
        registered()
    assert str(error.value).startswith(f"The plug-in 'notes' of rink-notes cannot be used: {reason}")
    with pytest.raises(PluginError):
        list(read(from_bytes("x", b"when,scribble\n1,2\n")))


def test_nearest_format_may_be_that_of_a_plug_in(install):
    install(GOOD)
    with pytest.raises(recognise.UnreadableError, match="The nearest is rink notes, which also needs: when"):
        list(read(from_bytes("x", b"scribble,x\n1,2\n")))

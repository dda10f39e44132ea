"""Hostile files and archives are read or refused with a mapping, and never fail with another error."""

import json

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.mapping.formats import format_of
from stanchion.ingest.reading.mapping.yamlfile import read_mapping
from stanchion.ingest.reading.recognise import read
from stanchion.ingest.reading.sources import from_bytes
from tests.ingest.reading.damage import with_values
from tests.ingest.reading.helpers import assert_storable
from tests.ingest.reading.test_hostile import JSON_VALUES
from tests.ingest.reading.test_mapping import GOAL, GOALS, HEAD, ROWS, SMALL, goals

CSV, JSON = (format_of(read_mapping(text, "x")) for text in (SMALL, GOALS))
PEOPLE = SMALL.replace("{id: player, name: name}", "{jersey: player, name: name, position: kind}").replace(
    "people:", "coordinates: {x: player, y: other}\nstrength: {text: clock}\npeople:"
)


def read_or_refuse(data, *added):
    try:
        games = list(read(from_bytes("x", data), added))
    except UnreadableError as error:
        assert len(str(error)) < 1500
        return
    for game in games:
        assert_storable(game)
        assert game.events_seen == len(game.events) + len(game.rejects)
        (again,) = read(from_bytes("archive", game.document))
        assert msgspec.to_builtins(again) == msgspec.to_builtins(game)


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_random_bytes_after_the_header(data):
    read_or_refuse(HEAD.encode() + data, CSV)
    read_or_refuse((HEAD + ROWS).encode() + data, CSV)


CELLS = st.sampled_from(
    [
        "",
        "h",
        "a",
        "1",
        "OT",
        "99",
        "-1",
        "1e9",
        "0:10",
        "Goal",
        "Shot",
        "Faceoff",
        "5",
        "6",
        "x" * 600,
        "\x00",
        "é",
        "11.0",
    ]
) | st.text(max_size=5)


@given(st.lists(st.lists(CELLS, min_size=11, max_size=12), max_size=8))
@settings(max_examples=300, deadline=None)
def test_random_cells(rows):
    text = HEAD + ROWS + "".join(",".join(json.dumps(cell).replace(",", " ") for cell in row) + "\n" for row in rows)
    data = text.encode(errors="replace")
    read_or_refuse(data, CSV)
    read_or_refuse(data, format_of(read_mapping(PEOPLE, "x")))


@given(st.integers(), JSON_VALUES)
@settings(max_examples=300, deadline=None)
def test_random_values_at_random_places_of_json(seed, value):
    tree = json.loads(goals(GOAL, GOAL | {"at": 1600}))
    read_or_refuse(json.dumps(with_values(tree, seed, [value])).encode(), JSON)


@given(st.integers(), JSON_VALUES)
@settings(max_examples=300, deadline=None)
def test_random_values_at_random_places_of_an_archived_game(seed, value):
    (game,) = read(from_bytes("x", goals(GOAL, GOAL | {"at": 1600})), [JSON])
    read_or_refuse(json.dumps(with_values(json.loads(game.document), seed, [value])).encode())


def test_deep_or_long_json_is_bounded():
    read_or_refuse(b'{"goals":' + b"[" * 20_000 + b"]" * 20_000 + b"}", JSON)
    read_or_refuse(goals(*[GOAL] * 3, {"scorer": {"id": list(range(10_000))}, "plus": list(range(10_000))}), JSON)

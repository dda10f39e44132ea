"""Hostile files are refused or read, never fail with another error, and their secrets are not disclosed."""

import copy
import json
import subprocess
import sys
import traceback

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stanchion.dev.sample.files import SECRET, as_json, event_csv, export, workbook
from stanchion.ingest.reading.errors import UnreadableError
from tests.ingest.reading.damage import damaged, with_values
from tests.ingest.reading.helpers import assert_archived, assert_storable, played, read_all, read_one, short

ODD = ["home", "away", "OT", "12:30", "99:99", "event_player_1", "null", "\x00", "\ud800", 10**30]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=8)
KEYS = st.text(max_size=5) | st.sampled_from(["num", "x", "F1"])
JSON_VALUES = st.recursive(
    LEAVES | st.sampled_from(ODD),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


def read_or_refuse(data):
    try:
        games = read_all(data)
    except UnreadableError as error:
        assert len(str(error)) < 500
        return
    for game in games:
        assert_storable(game)
        assert_archived(game)


@given(data=st.binary(max_size=400))
@settings(max_examples=100, deadline=None)
def test_random_bytes(data):
    read_or_refuse(data)


@given(tree=st.dictionaries(st.sampled_from(list(export(played()))) | st.text(max_size=4), JSON_VALUES, max_size=8))
@settings(max_examples=100, deadline=None)
def test_random_json_with_the_keys_of_an_export(tree):
    read_or_refuse(json.dumps({"gameId": 1, "events": [], "rosters": {}} | tree).encode())


TINY = {**short(), "events": short()["events"][:12], "shifts": short()["shifts"][:3]}


@given(seed=st.integers(0, 2**32), values=st.lists(JSON_VALUES, min_size=1, max_size=6))
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
def test_export_with_random_values_at_random_places(seed, values):
    read_or_refuse(json.dumps(with_values(TINY, seed, values)).encode())


SMALL_WORKBOOK, SMALL_CSV = workbook(played()), event_csv([played()])[:20_000]


@given(seed=st.integers(0, 2**32), original=st.sampled_from([as_json(TINY), SMALL_CSV, SMALL_WORKBOOK]))
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_file_with_flipped_cut_and_doubled_bytes(seed, original):
    read_or_refuse(damaged(original, seed))


@pytest.mark.parametrize("bad", ["\x00", "\ud800", "a\udfffb"])
def test_unstorable_characters_are_replaced_and_counted(bad):
    tree = short()
    tree["rosters"]["home"][0]["name"] = f"Runa{bad}Hartwick"
    tree["events"][7]["detail2"] = bad
    tree["events"][8]["type"] = ""
    tree["events"][8]["players"][0:] = [{"name": bad}]
    game = read_one(json.dumps(tree).encode())
    assert game.flags["text_repaired"] == 3
    assert "\ufffd" in game.rosters[0].name
    assert_storable(game)
    assert_archived(game)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_nan_and_infinity_count_as_missing(number):
    data = as_json(short()).replace(b'"duration": ', f'"duration": {number}, "x": '.encode(), 1)
    game = read_one(data)
    assert game.flags == {"text_repaired": 1}
    assert len(game.events) == 400
    assert_archived(game)


def test_last_of_two_equal_keys_is_used():
    data = as_json(short()).replace(b'"gameId": 500001', b'"gameId": 1, "gameId": 2', 1)
    assert read_one(data).game_key == "2"


HIDING = {
    "the settings": lambda tree: None,
    "another key": lambda tree: tree.update(apiToken=SECRET, autoSettings={"deep": [{"sbKey": SECRET}]}),
    "every interface key": lambda tree: tree.update(
        dict.fromkeys(("slots", "customRules", "videos", "version"), SECRET)
    ),
    "an event": lambda tree: tree["events"][3].update(settings={"sbKey": SECRET}, videoUrl=SECRET),
    "a participant": lambda tree: first_player(tree).update(settings=SECRET),
    "a stint and its slot": lambda tree: (
        tree["shifts"][1].update(settings=SECRET),
        tree["shifts"][1]["home"]["G"].update(settings=SECRET),
    ),
    "a rejected event": lambda tree: tree["events"][3].update(type=None, settings=SECRET),
    "a rejected stint": lambda tree: tree["shifts"][1].update(end_time="18:00", settings=SECRET),
    "a roster line": lambda tree: tree["rosters"]["home"][0].update(settings=SECRET),
    "the rosters": lambda tree: tree["rosters"].update(settings=SECRET),
    "the lengths": lambda tree: (
        tree["periodLengths"].update(settings=SECRET),
        tree["penaltyLengths"].update(settings={"sbKey": SECRET}),
    ),
    "a text with NUL": lambda tree: tree.update(settings="\x00" + SECRET),
}


def first_player(tree):
    return next(event["players"][0] for event in tree["events"] if event["players"])


@pytest.mark.parametrize("place", HIDING)
@pytest.mark.parametrize("backup", [False, True])
def test_secret_is_not_disclosed(place, backup, caplog):
    tree = export(played(), events=played().events[:60], backup=backup)
    HIDING[place](tree)
    data = as_json(tree)
    assert SECRET.encode() in data
    game = read_one(data)
    assert SECRET.lower() not in repr(game).lower()
    assert SECRET.lower().encode() not in game.document.lower()
    assert SECRET not in caplog.text
    without = copy.deepcopy(tree)
    without["settings"] = {}
    assert read_one(without).content_hash == game.content_hash


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: data.index(SECRET.encode()) + 5],
        lambda data: data.replace(b'"sbKey": "', b'"sbKey": \x00"'),
        lambda data: data.replace(b'"gameId"', b'"gameIdx"'),
        lambda data: data.replace(b'"gameId": 500001', b'"gameId": null'),
        lambda data: data.replace(SECRET.encode(), SECRET.encode() + b"\xff"),
        lambda data: data.replace(b'"settings": {', b'"settings": [' + b"[" * 50_000),
    ],
)
def test_refusal_does_not_quote_a_secret(damage):
    data = damage(as_json(export(played(), events=[])))
    try:
        game = read_one(data)
    except UnreadableError as error:
        shown = "".join(traceback.format_exception(error))
        assert SECRET.lower() not in shown.lower()
    else:
        assert SECRET.lower() not in repr(game).lower()


OTHER_JUNK = [b"x", b'"a",', b"\x00", b"NaN,", b'{"a":']


@pytest.mark.parametrize(
    "unit", [b"{},", b"[", b"1,", *(pytest.param(unit, marks=pytest.mark.exhaustive) for unit in OTHER_JUNK)]
)
@pytest.mark.parametrize("start", [b"", b'{"gameId": 1, "rosters": {}, "events": ['])
def test_hundred_megabytes_of_junk_are_refused(unit, start):
    """The reader stays under 3 GB of address space."""
    data = start + unit * (100_000_000 // len(unit))
    code = (
        "import sys; from tests.ingest.reading.helpers import read_or_reason; "
        "print(read_or_reason(sys.stdin.buffer.read()))"
    )
    limited = ["bash", "-c", f'ulimit -v 3000000; exec "$0" -c "{code}"', sys.executable]
    run = subprocess.run(limited, input=data, capture_output=True, timeout=200, check=False)
    assert run.returncode == 0, run.stderr[-400:]
    assert run.stdout.decode().startswith("The file")

"""The spelling that a tracker uses does not change the game."""

import functools
import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stanchion.dev.sample.files import as_json, export
from stanchion.dev.sample.quirks import QUIRKS
from tests.ingest.reading.canonical import Statistics
from tests.ingest.reading.helpers import assert_same_statistics, content, played, read_one, short

FEW = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


@functools.cache
def plain():
    """Return the content and the hash of the short game without quirks."""
    game = read_one(short())
    return content(game), game.content_hash


def assert_plain(tree):
    game = read_one(tree)
    assert content(game) == plain()[0]
    assert game.content_hash == plain()[1]


@pytest.mark.parametrize("name", QUIRKS)
def test_quirk_changes_nothing(name):
    tree = short()
    QUIRKS[name](tree, random.Random(3))
    assert tree != short(), "the quirk changed the file"
    assert_plain(tree)


@given(names=st.permutations(list(QUIRKS)), many=st.integers(2, len(QUIRKS)), seed=st.integers(0, 2**32))
@FEW
def test_quirks_together_change_nothing(names, many, seed):
    tree = short()
    ordered = sorted(names[:many], key=list(QUIRKS).index)  # some quirks depend on the output of others
    for name in ordered:
        QUIRKS[name](tree, random.Random(seed))
    assert_plain(tree)


@pytest.mark.parametrize("seed", range(3))
def test_statistics_equal_those_of_the_file_and_the_game(seed):
    """Statistics from the canonical form, from the file, and from the invented game are equal."""
    game = played(seed)
    tree = export(game)
    read = assert_same_statistics(tree)
    counted = Statistics(read)
    for side in ("home", "away"):
        for name, value in game.truth.teams[side].items():
            assert counted.teams[side][name] == value, (side, name)
        for number, truth in game.truth.players[side].items():
            for name, value in truth.items():
                assert counted.players[side, number][name] == value, (side, number, name)
        assert counted.teams[side]["goals"] == sum(game.truth.score[side].values())
    assert sum(sum(goals.values()) for goals in game.truth.score.values()) > 0


def other_labels(tree, rng):
    for stint in tree["shifts"]:
        stint["stop_type"] = rng.choice(["Home Goal", "Away Goal", "OnTheFly"])


def groups(tree, rng):
    for event in tree["events"]:
        event["linkedEventIdx"] = rng.randint(0, 260)


def no_end(tree, rng):
    for event in tree["events"]:
        event["end_time"] = rng.choice(["", event["start_time"][:3]])


def marks_repeated(tree, rng):
    """Mark each assist again on the next event, which has no assistToGoalIdx."""
    for before, after in zip(tree["events"], tree["events"][1:], strict=False):
        follows = after["players"] and after["team"] == before["team"] and after["type"] != "Goal"
        if before["assistToGoalIdx"] is not None and follows:
            after["players"][0] |= {"num": before["players"][0]["num"], "playD1": before["players"][0]["playD1"]}


@pytest.mark.parametrize("labels", [other_labels, groups, no_end])
def test_labels_do_not_change_statistics(labels):
    tree = export(played())
    labels(tree, random.Random(1))
    game = assert_same_statistics(tree)
    unlabelled, other = Statistics(read_one(export(played()))), Statistics(game)
    assert (other.teams, other.players) == (unlabelled.teams, unlabelled.players)


def test_assist_marked_twice_counts_once():
    tree = export(played())
    marks_repeated(tree, random.Random(1))
    marks = [p for e in tree["events"] for p in e["players"] if p["playD1"].startswith("Assist")]
    game = assert_same_statistics(tree)
    assists = sum(counts["a1"] + counts["a2"] for counts in Statistics(game).players.values())
    assert len(marks) > assists > 0


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode(),
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
        lambda text: json.dumps(json.loads(text)).encode(),
        lambda text: b"\n\t " + text.encode() + b"\n\n",
    ],
    ids=["UTF-8", "UTF-8 with a byte order mark", "UTF-16", "UTF-16 big endian", "escaped", "white space"],
)
def test_encoding_changes_nothing(encode):
    assert_plain(encode(as_json(short()).decode()))


def test_different_games_have_different_hashes():
    hashes = {plain()[1]}
    for change in (
        lambda tree: tree.update(homeTeam="Other Team"),
        lambda tree: tree["rosters"]["home"][0].update(num="99"),
        lambda tree: tree["events"][40].update(detail1="Something"),
        lambda tree: tree["events"].pop(),
        lambda tree: tree["events"][41]["players"].clear(),
        lambda tree: tree["shifts"][3].update(end_time="00:01"),
    ):
        tree = short()
        change(tree)
        hashes.add(read_one(tree).content_hash)
    assert len(hashes) == 7

"""Helpers shared by the tests of reading."""

import functools
import json
import re
from collections import Counter

import msgspec

from stanchion.dev.sample.files import as_json, export
from stanchion.dev.sample.games import Game
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.flags import FLAGS
from stanchion.ingest.reading.model import EXTRA_SLOTS, SLOTS, Parts
from stanchion.ingest.reading.parts import merge_parts
from stanchion.ingest.reading.recognise import read
from stanchion.ingest.reading.sources import from_bytes
from tests.ingest.reading.canonical import Statistics, without_zeros
from tests.ingest.reading.oracle import Oracle


@functools.cache
def played(seed=7, points=True):
    """Return an invented game. It is cached: a test must not change it, but write a new export of it."""
    return Game(seed, points=points)


def short():
    """Return an export of the first third of a game, which has every kind of event."""
    tree = export(played(), events=played().events[:400])
    tree["shifts"] = tree["shifts"][:45]
    return tree


def read_all(data):
    """Return the games of a file, and the parts of those that need other documents too, which an event CSV does not."""
    return [
        merge_parts(found.format, found.game_key, found.parts)
        if isinstance(found, Parts) and found.format == "event csv"
        else found
        for found in read(from_bytes("a file", data))
    ]


def read_one(tree):
    """Read the one game of an export, given as a tree or as the bytes of a file of any format."""
    (game,) = read_all(tree if isinstance(tree, bytes) else as_json(tree))
    return game


def read_or_reason(data):
    """Return the games of a file, or the reason why it cannot be read."""
    try:
        return read_all(data)
    except UnreadableError as error:
        return str(error)


def content(game):
    """Return a game as a tree, without the _raw fields and the properties of the file."""

    def without_raw(piece):
        if isinstance(piece, dict):
            return {key: without_raw(value) for key, value in piece.items() if not key.endswith("_raw")}
        return [without_raw(value) for value in piece] if isinstance(piece, list | tuple) else piece

    tree = without_raw(msgspec.to_builtins(game))
    file_fields = ("document", "format", "exported_at", "stints_seen", "stints_ignored", "rows")
    return {key: value for key, value in tree.items() if key not in file_fields} | {"points": points(game)}


def points(game):
    """Return event, kind, participant, number, x and y of each point, as text."""
    return [tuple(row.split(",")) for row in game.rows.tables["play_point"]]


def assert_same_statistics(tree):
    """Check that the canonical form and the file itself have the same statistics. Returns the game."""
    game, oracle = read_one(tree), Oracle(tree)
    statistics = Statistics(game)
    assert without_zeros(statistics.teams) == without_zeros(oracle.teams)
    assert without_zeros(statistics.players) == without_zeros(oracle.players)
    return game


def assert_archived(game):
    """Check that reading the archived document gives the same game."""
    assert msgspec.to_builtins(read_one(game.document)) == msgspec.to_builtins(game)


def assert_storable(game):
    """Check that Postgres can store a game: text, whole numbers, valid json and jsonb, and the keys of its rows."""

    def check(piece):
        if isinstance(piece, str):
            piece.encode()
            assert "\x00" not in piece
        elif isinstance(piece, bool | float | bytes):
            return
        elif isinstance(piece, int):
            assert -(2**63) <= piece < 2**63
        elif isinstance(piece, dict):
            for key, value in piece.items():
                check(key)
                check(value)
        elif isinstance(piece, list | tuple):
            for value in piece:
                check(value)

    tree = msgspec.to_builtins(game)
    for reject in tree.pop("rejects"):
        assert "\\u0000" not in json.dumps(reject).replace("\\\\", "")  # an escaped backslash before u0000 is not a NUL
        json.dumps(reject, ensure_ascii=False).encode()
    check(tree)
    json.loads(game.document)
    assert_distinct((event.event_no,) for event in game.events)
    assert_distinct((event.event_no, p.participant_no) for event in game.events for p in event.participants)
    assert_distinct(tuple(point.split(",")[:4]) for point in game.rows.tables["play_point"])
    assert_distinct((stint.stint_no,) for stint in game.stints)
    assert_distinct((stint.stint_no, p.side, p.slot) for stint in game.stints for p in stint.on_ice)
    assert all(0 <= event.period <= 99 for event in game.events)
    assert all(0 <= stint.period <= 99 and stint.start_s >= stint.end_s for stint in game.stints)
    assert all(p.slot in (*SLOTS, *EXTRA_SLOTS) for stint in game.stints for p in stint.on_ice)
    assert all(re.fullmatch(r"-?[0-9]{1,19}|W|L|OTL|SOL", figure.value) for figure in game.official), game.official


def assert_distinct(keys):
    """Check that no two rows of a table have the same key."""
    twice = [key for key, count in Counter(keys).items() if count > 1]
    assert not twice, twice


def assert_adds_up(game):
    """Check that everything seen was accepted, rejected or ignored, and that flags and reasons are known."""
    rejected = Counter(reject.part for reject in game.rejects)
    events = game.events_seen - len(game.events)
    stints = game.stints_seen - len(game.stints) - game.stints_ignored
    assert events >= rejected["event"]
    assert stints >= rejected["stint"]
    assert events + stints == rejected["event"] + rejected["stint"] + rejected["row"]
    assert set(game.flags) <= set(FLAGS)
    assert all(count > 0 for count in game.flags.values())
    assert all(reject.reason.endswith(".") for reject in game.rejects)

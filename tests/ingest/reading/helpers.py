"""Helpers shared by the tests of reading."""

import copy
import functools
import random

import msgspec

from stanchion.dev.sample.files import as_json, export
from stanchion.dev.sample.games import Game
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.model import Parts
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


def places(tree):
    """Return every place in the tree as its container and key."""
    waiting = [tree]
    found = []
    while waiting:
        piece = waiting.pop()
        for key in list(piece) if isinstance(piece, dict) else range(len(piece)):
            found.append((piece, key))
            if isinstance(piece[key], dict | list):
                waiting.append(piece[key])
    return found


def with_values(tree, seed, values):
    """Return a copy of the tree with each value at a random place."""
    tree = copy.deepcopy(tree)
    rng = random.Random(seed)
    for value in values:
        container, key = rng.choice(places(tree))
        container[key] = value
    return tree


def damaged(data, seed):
    """Return the bytes with up to eight flipped, cut out, doubled or inserted pieces at random places."""
    rng = random.Random(seed)
    data = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        place = rng.randrange(len(data))
        match rng.randrange(4):
            case 0:
                data[place] = rng.randrange(256)
            case 1:
                del data[place : place + rng.randrange(200)]
            case 2:
                data[place:place] = data[place : place + rng.randrange(200)]
            case 3:
                data[place:place] = rng.choice([b"NaN", b"\\u0000", b'"\\ud800"', b"[[[[", b"\x00", b"1e999", b"}\n{"])
    return bytes(data)

"""What the tests of reading share."""

import functools

import msgspec

from stanchion.dev.sample.files import as_json, export
from stanchion.dev.sample.games import Game
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.recognise import read
from stanchion.ingest.reading.sources import from_bytes
from tests.tracker.canonical import Statistics, without_zeros
from tests.tracker.oracle import Oracle


@functools.cache
def played(seed=7, points=True):
    """An invented game. Do not change it: write it anew for every test."""
    return Game(seed, points=points)


def short():
    """The first third of a game, which has every kind of event in it."""
    tree = export(played(), events=played().events[:400])
    tree["shifts"] = tree["shifts"][:45]
    return tree


def read_all(data):
    return list(read(from_bytes("a file", data)))


def read_one(tree):
    """The game of an export given as a tree, or as the bytes of any file with one game."""
    (game,) = read_all(tree if isinstance(tree, bytes) else as_json(tree))
    return game


def read_or_reason(data):
    """The games, or why there are none."""
    try:
        return read_all(data)
    except UnreadableError as refused:
        return str(refused)


def content(game):
    """Everything but what the source wrote literally, and what is about the file."""

    def bare(piece):
        if isinstance(piece, dict):
            return {key: bare(value) for key, value in piece.items() if not key.endswith("_raw")}
        return [bare(value) for value in piece] if isinstance(piece, list | tuple) else piece

    tree = bare(msgspec.to_builtins(game))
    about = ("document", "format", "exported_at", "stints_seen", "stints_ignored", "rows")
    return {key: value for key, value in tree.items() if key not in about} | {"points": points(game)}


def points(game):
    """Of each point: event, kind, participant, number, x and y."""
    return [tuple(row.split(",")) for row in game.rows.tables["play_point"]]


def assert_same_statistics(tree):
    """The canonical form yields exactly what the file itself does."""
    game, oracle = read_one(tree), Oracle(tree)
    statistics = Statistics(game)
    assert without_zeros(statistics.teams) == without_zeros(oracle.teams)
    assert without_zeros(statistics.players) == without_zeros(oracle.players)
    return game


def assert_archived(game):
    """The archived document reads as the same game."""
    assert msgspec.to_builtins(read_one(game.document)) == msgspec.to_builtins(game)

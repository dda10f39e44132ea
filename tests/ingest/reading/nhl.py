"""Helpers shared by the tests of the two NHL formats."""

import copy
import functools
import json
import random

import msgspec
import pytest

from stanchion.dev.sample import book
from stanchion.dev.sample.nhl_api_web import boxscore, play_by_play, shiftcharts
from stanchion.ingest.reading.parts import merge_parts
from stanchion.ingest.reading.recognise import read
from stanchion.ingest.reading.sources import from_bytes

GAMES = range(30)
NUMBERS = [
    pytest.param(range(18), id="18 games"),
    pytest.param(range(100), marks=pytest.mark.exhaustive, id="100 games"),
]
OTHER = book.OTHER


@functools.cache
def book_game(number=2):
    """Return an invented game. Number 2 ends in a shootout, and has a goal on a penalty shot. It is cached."""
    return book.book_game(number, penalty_shot_minutes=0)


def only_goalies(game):
    """Return whether the stints of a game have goalies and nobody else, as without shifts."""
    return {player.slot for stint in game.stints for player in stint.on_ice} == {"G"}


def documents(number):
    """Return the three files of a game, without keeping them in memory."""
    return [msgspec.json.encode(write(book_game(number))) for write in (play_by_play, boxscore, shiftcharts)]


@functools.cache
def _api_web(number):
    return documents(number)


def api_web(number=2):
    """Return the three documents of a game: play-by-play, box score and shift charts."""
    return [json.loads(data) for data in _api_web(number)]


def parts_of(tree, path="a file"):
    """Return the parts of games in a document."""
    return list(read(from_bytes(path, tree if isinstance(tree, bytes) else json.dumps(tree).encode())))


def merged(trees, path="a file"):
    """Return the one game of documents."""
    found = [parts for tree in trees for parts in parts_of(tree, path)]
    (key,) = {parts.game_key for parts in found}
    return merge_parts("nhl api-web", key, [part for parts in found for part in parts.parts])


def assert_merged_again(game):
    """Check that reading the archived document of a merged game gives the same game."""
    (again,) = read(from_bytes("an archive", game.document))
    assert msgspec.to_builtins(again) == msgspec.to_builtins(game)


def other_spelling(tree, seed=0):
    """Return the tree with its keys in another order, numbers as text, and unknown keys."""
    rng = random.Random(seed)

    def spelled(piece):
        if isinstance(piece, dict):
            keys = [*piece, "unknown"]
            rng.shuffle(keys)
            return {key: spelled(piece[key]) if key in piece else {"token": "INVENTED"} for key in keys}
        if isinstance(piece, list):
            return [spelled(value) for value in piece]
        return str(piece) if isinstance(piece, int) and not isinstance(piece, bool) and rng.random() < 0.5 else piece

    return spelled(copy.deepcopy(tree))


def figures_that_differ(book_game_, game):
    """Return the official figures of a Game that differ from the truth of the BookGame."""
    truth = book_game_.truth
    ids = {(side, player.jersey): player.id for side in OTHER for player in book_game_.team(side).players}
    found = []
    for figure in game.official:
        key = figure.side, ids.get((figure.side, figure.player))
        expected = {
            "player": lambda figure=figure, key=key: truth.players[key][figure.name],
            "goalie": lambda figure=figure, key=key: truth.goalies[key].get(figure.name),
            "team": lambda figure=figure: truth.teams[figure.side][figure.name],
            "period": lambda figure=figure: truth.periods[figure.side][figure.period],
        }[figure.scope]()
        if str(expected) != figure.value:
            found.append((figure.scope, figure.side, key[1], figure.name, figure.value, expected))
    return found


def people(event):
    """Return the people of an event by role, number and mark."""
    return {(person.role, person.role_no, person.detail1): person.person_key for person in event.participants}

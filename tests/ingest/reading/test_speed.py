"""The time to read a game is proportional to its length."""

import cProfile
import pstats
import time

import pytest

from stanchion.dev.sample.files import as_json, export
from tests.ingest.reading.helpers import played, read_one


def long_game(times):
    tree = export(played(points=False))
    events = [event for _ in range(times) for event in tree["events"]]
    tree["events"] = [event | {"idx": place} for place, event in enumerate(events)]
    tree["shifts"] *= times
    return as_json(tree)


def calls(data):
    """Return how many functions are called to read this game."""
    profile = cProfile.Profile()
    profile.runcall(read_one, data)
    return pstats.Stats(profile).total_calls


def seconds(data):
    """Return the processor time to read this game, the least of three times."""
    found = []
    for _ in range(3):
        start = time.process_time()
        read_one(data)
        found.append(time.process_time() - start)
    return min(found)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("games", "times"),
    [(1, 6), pytest.param(3, 12, marks=pytest.mark.exhaustive)],
    ids=["9 thousand events", "55 thousand events"],
)
def test_time_to_read_a_game_grows_with_its_events_alone(games, times):
    small, large = long_game(games), long_game(games * times)
    events, called = len(read_one(large).events), calls(large)
    assert events > 1500 * games * times
    assert called < times * calls(small)
    assert called < 100 * events
    assert seconds(large) < times * seconds(small) * 2.5

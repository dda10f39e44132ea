"""The time to read a game is proportional to its length."""

import copy
import time

import pytest

from stanchion.dev.sample.files import as_json, export
from tests.ingest.reading.helpers import played, read_one


def long_game(times):
    tree = export(played(points=False))
    events, stints = tree["events"], tree["shifts"]
    tree["events"] = [copy.deepcopy(event) for _ in range(times) for event in events]
    for place, event in enumerate(tree["events"]):
        event["idx"] = place
    tree["shifts"] = stints * times
    return as_json(tree)


def seconds(data):
    start = time.process_time()
    read_one(data)
    return time.process_time() - start


@pytest.mark.slow
def test_fifty_thousand_events_are_read_in_seconds():
    small, large = long_game(3), long_game(36)
    assert len(read_one(large).events) > 50_000
    assert seconds(large) < 20
    assert seconds(large) < 12 * seconds(small) * 2.5, "12 times the events take at most 30 times the time"

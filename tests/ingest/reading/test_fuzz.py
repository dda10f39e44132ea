"""A few examples of each format pass the fuzzer, which finds a reader that fails."""

import pytest

from stanchion.ingest.reading.recognise import JsonFormat
from tests.ingest.reading import fuzz
from tests.ingest.reading.fuzz import SUBJECTS, Subject

EXAMPLES = 20  # counted, because the time that they take depends on the machine


@pytest.mark.parametrize("name", SUBJECTS)
def test_reader_passes(name):
    tally = fuzz.fuzz(name, examples=EXAMPLES)
    assert tally.failures == {}
    assert tally.examples == EXAMPLES
    assert tally.games > EXAMPLES / 4
    assert len(tally.outcomes) > 6


def test_example_is_the_result_of_its_seed():
    one, other = (fuzz.example(SUBJECTS["hockeytech"], fuzz.random.Random(5)) for _ in range(2))
    assert one == other
    assert fuzz.outcomes(SUBJECTS["hockeytech"], 5) == fuzz.outcomes(SUBJECTS["hockeytech"], 5)


def subject(read):
    """Return a subject whose files one function reads."""
    return Subject(lambda number: [("x", b'{"a": [%d, 2, 3], "b": {"c": 1.5}}' % number)], (JsonFormat("x", (), read),))


def fails(envelope):
    if envelope.value("a") is None:
        raise KeyError("a")
    yield from ()


def yields_no_game(envelope):
    yield from () if envelope.value("a") else (7,)


@pytest.mark.parametrize(
    ("read", "failure"),
    [(fails, "KeyError in "), (yields_no_game, "AttributeError in ")],
)
def test_failure_is_reported_once_with_its_seed(monkeypatch, read, failure):
    monkeypatch.setitem(SUBJECTS, "broken", subject(read))
    tally = fuzz.fuzz("broken", seed=100, examples=200)
    ((place, (seed, error)),) = tally.failures.items()
    assert place.startswith(failure)
    assert fuzz.fuzz("broken", seed, examples=1).failures[place][0] == seed
    assert str(error)


def test_growth_of_the_memory_is_a_failure(monkeypatch):
    monkeypatch.setitem(SUBJECTS, "empty", subject(lambda envelope: iter(())))
    sizes = iter(range(10**9, 10**12, 10**6))
    monkeypatch.setattr(fuzz, "_peak_bytes", lambda: next(sizes))
    tally = fuzz.fuzz("empty", examples=fuzz._WARM_UP + 400)
    assert [str(error) for _, error in tally.failures.values()] == ["the memory grew from 1239 to 1539 MB"]

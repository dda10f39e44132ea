"""Of the exports of a game in one load, only the one that the game will have is published."""

import json
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from stanchion.ingest.loading.order import look, superseded

from .conftest import League
from .exports import empty, export, write

PERCENT = Decimal(10)


def numbers(*exports: dict[str, Any], is_accepted: bool = False) -> set[int]:
    looks = [(number, look(json.dumps(each).encode())) for number, each in enumerate(exports)]
    return set(superseded(((number, each) for number, each in looks if each), PERCENT, is_accepted=is_accepted))


def test_all_but_the_last_export_of_each_game_are_superseded() -> None:
    exports = [export(minutes=each, events=10 + each) for each in range(6)]
    assert numbers(*exports) == {0, 1, 2, 3, 4}
    assert numbers(*reversed(exports)) == {1, 2, 3, 4, 5}
    assert numbers(export(18001), export(18002), export("18003")) == set()


def test_first_copy_of_the_last_content_is_read_first() -> None:
    """Of copies of a content the archive keeps the first: another one read before it would be published twice."""
    copies = [export(minutes=each, events=20) for each in (3, 1, 2)]
    assert numbers(export(minutes=0, events=10), *copies) == {0, 1, 3}


def test_empty_and_shrunken_exports_supersede_nothing() -> None:
    assert numbers(export(minutes=0), empty(minutes=1)) == {1}
    assert numbers(empty(minutes=0), empty(minutes=1)) == set()
    assert numbers(export(minutes=0, events=20), export(minutes=1, events=5)) == {1}
    assert numbers(export(minutes=0, events=20), export(minutes=1, events=5), is_accepted=True) == {0}


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{", b"[]", b"PK\x03\x04", b"\xff\xfe{\x00", b'{"gameId": 1}',
        b'{"gameId": 1, "events": 3, "rosters": {}}',
        b'{"gameId": null, "events": [], "rosters": {}, "exportDate": "2026-01-16"}',
        b'{"gameId": 1, "events": [], "rosters": {}, "exportDate": "yesterday"}',
        b'{"gameId": "' + b"a" * 501 + b'", "events": [], "rosters": {}, "exportDate": "2026-01-16"}',
        b'{"gameId": 1, "events": [' + b"[" * 100_000 + b'], "rosters": {}, "exportDate": "2026-01-16"}',
        b'{"gameId": "\xff", "events": [], "rosters": {}, "exportDate": "2026-01-16"}',
    ],
)  # fmt: skip
def test_other_documents_take_part_in_no_order(data: bytes) -> None:
    assert look(data) is None


@pytest.mark.parametrize("seed", range(4))
def test_superseded_exports_are_archived_and_never_published(seed: int, league: League, tmp_path: Path) -> None:
    """Neither names nor places of the files matter, and two loader processes do the same."""
    exports = [export(game, minutes, 10 + minutes) for game in (18001, 18002, 18003) for minutes in range(1, 8)]
    exports += [empty(game, minutes=0) for game in (18001, 18002, 18003)]
    random.Random(seed).shuffle(exports)
    for number, each in enumerate(exports):
        write(tmp_path / str(number), each)
    result = league.load(tmp_path, jobs=2)
    assert result.outcomes == {"published": 3, "archived": 18, "empty": 3}
    assert [league.published(game) for game in (18001, 18002, 18003)] == [17, 17, 17]


def test_dry_run_has_the_same_outcomes(league: League, tmp_path: Path) -> None:
    folder = write(tmp_path, *(export(minutes=each, events=10 + each) for each in range(5)), empty(minutes=9))
    dry = league.load(folder, dry_run=True)
    assert dry.outcomes == league.load(folder).outcomes == {"published": 1, "archived": 4, "empty": 1}


def test_later_export_that_lost_events_is_quarantined(league: League, tmp_path: Path) -> None:
    result = league.load(write(tmp_path, export(minutes=0, events=40), export(minutes=1, events=20)))
    assert result.outcomes == {"published": 1, "quarantined": 1}
    assert not result.is_clean
    assert league.published() == 40


def test_next_load_reads_no_document_again(league: League, tmp_path: Path) -> None:
    folder = write(tmp_path, *(export(minutes=each, events=10 + each) for each in range(5)))
    league.load(folder)
    assert league.load(folder, jobs=2).outcomes == {"unchanged": 5}
    write(tmp_path / "more", export(minutes=9, events=30))
    assert league.load(folder).outcomes == {"unchanged": 5, "published": 1}
    assert league.published() == 30

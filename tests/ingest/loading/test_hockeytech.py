"""Documents of a league service are loaded in any order, by any number of loader processes, with the same rows."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from stanchion.dev.sample import hockeytech
from stanchion.dev.sample.book import book_game

from .conftest import League
from .test_parts import outcomes, rows

GAMES = 5


@pytest.mark.slow
def test_documents_of_games_in_any_order(make_league: Callable[[str], League], tmp_path: Path) -> None:
    files = [(name, data) for number in range(GAMES) for name, data in hockeytech.files(book_game(number)).items()]
    order = random.Random(4)
    found = []
    for number, jobs in enumerate((1, 3, 3)):
        league = make_league(f"league-{number}")
        for place, (name, data) in enumerate(files):
            # of two folders, the second is loaded later; a file keeps its name, which begins with the id of its game
            folder = tmp_path / str(number) / str(order.randrange(2)) / f"{place:03}"
            folder.mkdir(parents=True)
            (folder / name).write_bytes(data)
        order.shuffle(files)
        for part in sorted((tmp_path / str(number)).iterdir()):
            league.load(part, jobs=jobs)
        assert set(outcomes(league)) <= {"published", "archived", "empty"}
        found.append(rows(league))
    assert found[1] == found[0]
    assert found[2] == found[0]
    assert len(found[0]["landing.part"]) == len(files)
    assert len(league.rows("select 1 from contest.fixture")) == GAMES
    assert len(found[0]["contest.official_figure"]) > GAMES * 300
    assert dict(league.load(tmp_path / "2").outcomes) == {"unchanged": len(files)}

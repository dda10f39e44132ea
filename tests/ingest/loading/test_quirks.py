"""A game has the same rows in every spelling that trackers use."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stanchion.dev.sample.files import export
from stanchion.dev.sample.games import Game
from stanchion.dev.sample.quirks import QUIRKS

from .conftest import TABLES, League


def ends_of(game: Game) -> dict[str, Any]:
    """Return the start and end of a game, because whole games would only be slower."""
    tree = export(game, events=game.events[:20] + game.events[-10:])
    tree["shifts"] = tree["shifts"][:3] + tree["shifts"][-3:]
    return tree


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("games", [12, pytest.param(200, marks=pytest.mark.exhaustive)])
def test_games_with_every_quirk_have_the_same_rows(
    games: int, make_league: Callable[[str], League], tmp_path: Path
) -> None:
    plain, quirky = tmp_path / "plain", tmp_path / "quirky"
    order = random.Random(5)
    written = dict.fromkeys(QUIRKS, 0)
    for folder in (plain, quirky):
        folder.mkdir()
    for number in range(games):
        game = Game(number, 600_000 + number, points=True)
        tree = ends_of(game)
        exported_at, text = tree["exportDate"], json.dumps(tree)
        (plain / f"{number}.json").write_text(text)
        for name, quirk in QUIRKS.items():  # in this order: some quirks read what earlier ones wrote
            before, _ = text, quirk(tree, order)
            text = json.dumps(tree)
            written[name] += text != before
        tree["exportDate"] = exported_at  # seen_at of a name comes from it
        (quirky / f"{number}.json").write_text(json.dumps(tree))
    assert min(written.values()) > games * 0.9, written
    leagues = [make_league("plain"), make_league("quirky")]
    for league, folder in zip(leagues, (plain, quirky), strict=True):
        total = league.load(folder, jobs=2)
        assert (dict(total.outcomes), total.rejected) == ({"published": games}, 0)
    for name in TABLES:
        if name.startswith("contest."):
            bare, other = (league.table(name, without="_raw$") for league in leagues)
            assert bare == other, name
    assert leagues[0].one("select count(*) from contest.play_event") == games * 30
    assert min(leagues[0].one(f"select count(*) from contest.{name}") for name in ("stint_player", "play_point")) > 0

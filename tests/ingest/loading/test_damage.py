"""Every kind of damage found in real exports is loaded, rejected or flagged, and always recorded in the tables."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import League
from .exports import export, stint

Tree = dict[str, Any]
SCHEDULE = "game_id,date,home_team,away_team,season,game_type,home_score,away_score\n18001,2026-01-16,{},Regular,{}\n"


def whole() -> Tree:
    """Return a game without flags: its scorers are on the ice when they score."""
    tree = export(events=40)
    for event in tree["events"]:
        event["period"] = 1 + event["idx"] // 14
        clock = f"{17 - event['idx'] % 14:02}:00"
        event |= {"start_time": clock, "end_time": clock}
    return tree


def no_type(tree: Tree) -> None:
    tree["events"][3]["type"] = None


def backwards(tree: Tree) -> None:
    tree["shifts"].insert(1, stint(0) | {"start_time": "3:11", "end_time": "18:00", "duration": -889})


def odd_jersey(tree: Tree) -> None:
    tree["events"][3]["players"][0] |= {"num": 97, "name": "#97"}


def jersey_of_the_others(tree: Tree) -> None:
    tree["rosters"]["away"].append({"id": "Pa7", "num": "7", "name": "away 7", "pos": "F"})
    tree["events"][3]["players"][0] |= {"num": 7, "name": "Another Player"}


def scorer_off(tree: Tree) -> None:
    tree["shifts"][0]["home"]["F1"] = None  # jersey 2, which scores all goals


def two_goalies(tree: Tree) -> None:
    tree["rosters"]["home"].append({"id": "Ph9", "num": "9", "name": "home 9", "pos": "G"})
    tree["shifts"][1]["home"]["X"] = {"num": "9", "name": "home 9"}


def two_slots(tree: Tree) -> None:
    tree["shifts"][1]["away"]["X"] = dict(tree["shifts"][1]["away"]["D2"])


@pytest.mark.parametrize(
    ("damage", "rejected", "flags"),
    [
        (lambda _: None, [], {}),
        (no_type, [("event", 3, "The event has no type.")], {}),
        (backwards, [("stint", 1, "The stint ends before it starts.")], {}),
        (odd_jersey, [], {"participant_on_no_roster": 1}),
        (jersey_of_the_others, [], {"participant_on_other_roster": 1}),
        (scorer_off, [], {"scorer_not_on_ice": 1}),
        (two_goalies, [], {"two_goalies": 1}),
        (two_slots, [], {"player_in_two_slots": 1}),
    ],
)
def test_damage_is_recorded_and_the_rest_is_loaded(
    damage: Callable[[Tree], None], rejected: list[Any], flags: dict[str, int], league: League, tmp_path: Path
) -> None:
    tree = whole()
    damage(tree)
    (tmp_path / "game.json").write_text(json.dumps(tree))
    league.schedule(SCHEDULE.format("Kestrels,Ferrymen,2026", "2,2"))
    total = league.load(tmp_path)
    assert (dict(total.outcomes), total.is_clean) == ({"published": 1}, not rejected)
    pieces = len(tree["events"]) + len(tree["shifts"])
    counts = (pieces, pieces - len(rejected), len(rejected))
    assert (total.seen, total.accepted, total.rejected) == counts
    assert counts in league.rows("select seen, accepted, rejected from landing.file")
    assert league.rows("select part, position, reason from landing.reject") == rejected
    kept = [league.one(f"select count(*) from contest.{name}") for name in ("play_event", "stint", "play_participant")]
    assert kept[0] + kept[1] == counts[1]
    assert kept[2] == kept[0], "including the unknown participant"
    assert league.one("select flags, agrees, tracked_home, tracked_away from contest.game_quality") == (
        flags,
        True,
        2,
        2,
    )
    assert league.one("select min(start_s - end_s) >= 0 from contest.stint")


@pytest.mark.parametrize("is_before", [True, False])
@pytest.mark.parametrize(
    ("row", "score", "flags"),
    [
        ("Kestrels,Ferrymen,2026", "2,1", {"score_differs": 1}),
        ("Ferrymen,Kestrels,2026", "1,2", {"home_away_swapped": 1, "score_differs": 1}),
        ("Ferrymen,Kestrels,2026", "2,2", {"home_away_swapped": 1}),
    ],
)
def test_contradiction_of_the_schedule_is_flagged(
    is_before: bool, row: str, score: str, flags: dict[str, int], league: League, tmp_path: Path
) -> None:
    (tmp_path / "game.json").write_text(json.dumps(whole()))
    text = SCHEDULE.format(row, score)
    steps = [lambda: league.schedule(text), lambda: league.load(tmp_path)]
    for step in steps if is_before else reversed(steps):
        step()
    assert league.published() == 40
    assert league.one("select flags, agrees from contest.game_quality") == (flags, "score_differs" not in flags)
    assert league.one("select is_swapped from contest.fixture") == ("home_away_swapped" in flags)

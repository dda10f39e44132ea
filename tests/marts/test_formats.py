"""The marts of each format equal a count of its files by a program that shares no code with the readers."""

import csv
import io
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stanchion.dev.sample.files import event_csv
from stanchion.ingest.loading.run import load
from tests.marts.league import play
from tests.marts.platform import Platform

COUNTED = (
    "goals", "shots", "shots_on_goal", "faceoffs_won", "faceoffs_lost", "penalties", "penalty_minutes", "takeaways",
    "passes", "passes_completed",
)  # fmt: skip
Counts = dict[tuple[str, str], Counter[str]]  # by side and name


def count_rows(rows: list[dict[str, str]]) -> tuple[Counts, set[tuple[str, str]]]:
    """Count an event CSV. Also returns everybody who is named."""
    counts: Counts = {}
    named: set[tuple[str, str]] = set()
    for row in rows:
        side, other = ("home", "away") if row["Team"] == row["Home Team"] else ("away", "home")
        mine = counts.setdefault((side, row["Player"]), Counter())
        named.add((side, row["Player"]))
        event, how = row["Event"], row["Detail 2"]
        if row["Player 2"]:
            named.add((side if event in ("Play", "Incomplete Play") else other, row["Player 2"]))
        match event:
            case "Goal":
                mine.update(goals=1, shots=1, shots_on_goal=1)
            case "Shot":
                mine.update(shots=1, shots_on_goal=how == "On Net")
            case "Faceoff Win":
                mine.update(faceoffs_won=1)
                if row["Player 2"]:
                    counts.setdefault((other, row["Player 2"]), Counter()).update(faceoffs_lost=1)
            case "Penalty Taken":
                mine.update(penalties=1, penalty_minutes=2)
            case "Takeaway":
                mine.update(takeaways=1)
            case "Play" | "Incomplete Play":
                mine.update(passes=1, passes_completed=event == "Play")
    return counts, named


@pytest.mark.slow
def test_event_csv_counts_for_the_named_players(fresh_platform: Callable[..., Any], tmp_path: Path) -> None:
    league = play("named", 6, 9001, seed=33)
    text = event_csv(league.games)
    (tmp_path / "events.csv").write_bytes(text)
    with fresh_platform(tmp_path, league) as platform:
        load(platform.server, "named", (str(tmp_path / "events.csv"),))
        platform.build()
        by_game: dict[str, list[dict[str, str]]] = {}
        for row in csv.DictReader(io.StringIO(text.decode())):
            by_game.setdefault(f"{row['Date']} {row['Home Team']} vs {row['Away Team']}", []).append(row)
        assert len(by_game) > 3
        goals = 0
        for game_key, rows in by_game.items():
            expected, named = count_rows(rows)
            goals += sum(counts["goals"] for counts in expected.values())
            assert_players(platform, game_key, expected, named)
        assert goals > 10
        people = platform.rows("select person_name, jerseys, latest_jersey, is_known from marts.dim_person")
        assert {(row["jerseys"], row["latest_jersey"], row["is_known"]) for row in people} == {(None, None, True)}


def assert_players(platform: Platform, game_key: str, expected: Counts, named: set[tuple[str, str]]) -> None:
    rows = platform.rows("select * from marts.fact_player_game where game_key = %s", game_key)
    assert {(row["side"], row["person_name"]) for row in rows} == named
    for row in rows:
        counts = expected.get((row["side"], row["person_name"]), Counter())
        assert {name: row[name] for name in COUNTED} == {name: counts[name] for name in COUNTED}, row["person_name"]
        assert row["has_played"]
        assert row["player_key"] == f"id:name:{row['person_name'].casefold()}" == f"id:{row['person_key']}"

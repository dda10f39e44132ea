"""The marts of each format equal a count of its files by a program that shares no code with the readers."""

import csv
import io
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stanchion.dev.sample.files import event_csv
from stanchion.dev.sample.games import Game
from stanchion.ingest.loading.run import load
from tests.marts.league import League, play
from tests.marts.platform import Platform
from tests.marts.test_numbers import marts_of

COUNTED = (
    "goals", "shots", "shots_on_goal", "faceoffs_won", "faceoffs_lost", "penalties", "penalty_minutes", "takeaways",
    "passes", "passes_completed",
)  # fmt: skip
DAYS = ("2026-02-08", "2026-02-09", "2026-03-01")
Counts = dict[tuple[str, str], Counter[str]]  # by side and name


def count_rows(rows: list[dict[str, str]]) -> tuple[Counts, set[tuple[str, str]]]:
    """Return the counts of each acting player in an event CSV, and all players that it names."""
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
def test_event_csv_of_each_year_counts_for_the_named_players(
    fresh_platform: Callable[..., Any], tmp_path: Path
) -> None:
    """The files of 2022 and 2024 have names, those of 2025 have jerseys. The dates can be read in two ways."""
    leagues = [play(f"of-{year}", 3, 9001, seed=year) for year in (2022, 2024, 2025)]
    with fresh_platform(tmp_path, *leagues) as platform:
        for league, year in zip(leagues, (2022, 2024, 2025), strict=True):
            parts = [event_csv([game], day, year).split(b"\n", 1) for game, day in zip(league.games, DAYS, strict=True)]
            (tmp_path / f"{year}.csv").write_bytes(b"\n".join([parts[0][0], *(rows.strip() for _, rows in parts)]))
            load(platform.server, league.slug, (str(tmp_path / f"{year}.csv"),))
        platform.build()
        for league in leagues:
            goals = 0
            for game, day in zip(league.games, DAYS, strict=True):
                text = event_csv([game], day).decode()
                expected, named = count_rows(list(csv.DictReader(io.StringIO(text))))
                goals += sum(counts["goals"] for counts in expected.values())
                game_key = f"{day} {game.teams['home']} vs {game.teams['away']}"
                assert_players(platform, league, game, game_key, expected, named)
            assert goals > 5
        people = platform.rows("select p.*, t.slug from marts.dim_person as p join core.tenant as t using (tenant_id)")
        for row in people:
            by_jersey = row["slug"] == "of-2025"
            assert (row["latest_jersey"] is not None, row["is_known"]) == (by_jersey, not by_jersey)


def assert_players(
    platform: Platform, league: League, game: Game, game_key: str, expected: Counts, named: set[tuple[str, str]]
) -> None:
    rows = marts_of(platform, league.slug, game_key, "fact_player_game")
    by_jersey = league.slug == "of-2025"
    names = {(side, player["num"]): player["name"] for side, roster in game.rosters.items() for player in roster}
    for row in rows:
        name = names[row["side"], row["player_key"]] if by_jersey else row["person_name"]
        assert row["player_key"] == f"id:{row['person_key']}" or by_jersey
        counts = expected.get((row["side"], name), Counter())
        assert {column: row[column] for column in COUNTED} == {column: counts[column] for column in COUNTED}, name
        assert row["has_played"]
        named.remove((row["side"], name))
    assert named == set()

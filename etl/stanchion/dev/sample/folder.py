"""Write a folder of sample exports in every format, with the schedule and the truth of every game."""

import json
import random
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any, Final

from stanchion.dev.sample.damage import DAMAGE, Sample
from stanchion.dev.sample.files import as_json, event_csv, export, roster, workbook
from stanchion.dev.sample.games import Game
from stanchion.dev.sample.league import day_of, play, schedule
from stanchion.dev.sample.quirks import QUIRKS

QUIRKINESS: Final = ("none", "repr", "all")
_FIRST_ID: Final = 500_001
_START: Final = time(15, tzinfo=UTC)
_WORKBOOK: Final = 4  # every fourth game


def write(
    out: Path,
    games: int = 4,
    seed: int = 1,
    quirks: str = "none",
    with_csv: bool = False,
    on_game: Callable[[Game], None] = lambda _: None,
) -> None:
    """Write exports/ with a folder per game, schedule.csv, truth.json, and events.csv if requested.

    The same arguments produce the same bytes. Games are played one at a time, and only the score of each is kept.
    """
    truth: dict[str, Any] = {}
    played: list[Game] = []
    official: dict[int, tuple[int, int]] = {}
    swapped: set[int] = set()
    out.mkdir(parents=True, exist_ok=True)
    for number, game in enumerate(play(seed, _FIRST_ID, games)):
        sample, damage = _make(game, number, random.Random(f"{seed} {number}"), quirks)  # noqa: S311
        for name, data in sample.files.items():
            place = out / "exports" / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        if with_csv:
            header, rows = event_csv([game], f"{day_of(number):%Y-%m-%d}").split(b"\n", 1)
            with (out / "events.csv").open("ab" if number else "wb") as file:
                file.write(rows if number else header + b"\n" + rows)
        if sample.official:
            official[game.game_id] = sample.official
        if sample.is_swapped:
            swapped.add(game.game_id)
        truth[str(game.game_id)] = {
            "home": game.teams["home"],
            "away": game.teams["away"],
            "played_on": f"{day_of(number):%Y-%m-%d}",
            "events": len(game.events),
            "stints": sum(stint["duration"] is not None for stint in game.stints),
            **asdict(game.truth),
            "damage": damage,
        }
        game.events, game.stints = [], []
        played.append(game)
        on_game(game)
    (out / "schedule.csv").write_bytes(schedule(played, "2026", official, swapped))
    (out / "truth.json").write_text(json.dumps(truth, indent=2, ensure_ascii=False), encoding="utf-8")


def _make(game: Game, number: int, rng: random.Random, quirks: str) -> tuple[Sample, dict[str, str]]:
    """Return the files of a game: roster, empty and half autosave, and the whole as export or backup; or a workbook."""
    is_workbook = number % _WORKBOOK == _WORKBOOK - 1
    sample = Sample(
        game, datetime.combine(day_of(number), _START), export(game, backup=number % 2 == 1), str(game.game_id)
    )
    sample.add("roster.json", as_json(roster(game, f"{sample.start:%Y-%m-%d}")))
    if is_workbook:
        sample.add("tracking.xlsx", workbook(game))
        return sample, {}
    sample.save("autosave", 0, export(game, events=[]))
    sample.save("autosave", 40, export(game, events=game.events[: len(game.events) // 2]))
    if quirks != "none":
        for name, quirk in QUIRKS.items():
            if name != "interface":  # because it changes the time of the export
                quirk(sample.tree, rng)
    outcome = {}
    if quirks == "all":
        name, damage = list(DAMAGE.items())[(number - number // _WORKBOOK) % len(DAMAGE)]
        outcome[name] = damage(sample, rng)
    sample.save("game", 80, sample.tree)
    return sample, outcome

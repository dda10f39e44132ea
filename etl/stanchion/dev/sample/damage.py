"""Defects of real exports, each with the expected outcome.

A defect changes the files of one game or its line in the schedule. The truth of the game stays the same.
"""

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from stanchion.dev.sample.files import as_json, export
from stanchion.dev.sample.games import OTHER, Game


@dataclass
class Sample:
    """A game with its files before they are written. A defect changes `tree`, the whole export, or adds files."""

    game: Game
    start: datetime
    tree: dict[str, Any]
    folder: str
    files: dict[str, bytes] = field(default_factory=dict)
    official: tuple[int, int] | None = None  # games whose official score differs from the played one
    is_swapped: bool = False  # games whose home and away are swapped in the schedule

    def add(self, name: str, data: bytes) -> None:
        self.files[f"{self.folder}/{self.game.game_id}_{name}"] = data

    def save(self, what: str, minutes: int, tree: dict[str, Any]) -> None:
        """Add an export that was made `minutes` minutes after the first one."""
        saved = self.start + timedelta(minutes=minutes)
        moment = f"{saved:%Y-%m-%dT%H:%M:%S}.000Z"
        self.add(f"{what}_{saved:%Y-%m-%dT%H-%M-%S}.json", as_json(tree | {"exportDate": moment, "savedAt": moment}))


def event_without_type(sample: Sample, rng: random.Random) -> str:
    sample.tree["events"].append(copy.deepcopy(_possession(sample, rng)) | {"type": None})
    return "the event is rejected with its position; the rest of the game loads"


def jersey_on_no_roster(sample: Sample, rng: random.Random) -> str:
    known = {player["num"] for side in OTHER for player in sample.game.rosters[side]}
    jersey = rng.choice([number for number in range(1, 99) if str(number) not in known])
    _possession(sample, rng)["players"][0] |= {"num": jersey, "name": "#"}
    return "kept for an unknown player of that side, flagged participant_on_no_roster"


def jersey_on_the_other_roster(sample: Sample, rng: random.Random) -> str:
    event = _possession(sample, rng)
    jerseys = {side: {player["num"] for player in sample.game.rosters[side]} for side in OTHER}
    other = rng.choice(sorted(jerseys[OTHER[event["team"]]] - jerseys[event["team"]]))
    event["players"][0] |= {"num": int(other), "name": "Somebody Else"}
    return "attributed by role, flagged participant_on_other_roster"


def stint_backwards(sample: Sample, rng: random.Random) -> str:
    stint = copy.deepcopy(rng.choice([stint for stint in sample.tree["shifts"] if stint.get("duration")]))
    sample.tree["shifts"].append(stint | {"start_time": "03:11", "end_time": "17:00", "duration": -829})
    return "the stint is rejected; no time on ice is negative"


def truncated(sample: Sample, rng: random.Random) -> str:
    whole = as_json(sample.tree)
    sample.add("cut_off.json", whole[: rng.randrange(1, len(whole) // 2)])
    return "the file that was cut off is rejected whole; the others load"


def not_json(sample: Sample, _: random.Random) -> str:
    sample.add("notes.json", b"The goalie was ill, see the e-mail.")
    return "the file is rejected; the others load"


def not_an_export(sample: Sample, _: random.Random) -> str:
    sample.add("weather.json", as_json({"city": "Harbour", "snow": True}))
    return "the file is rejected as no known format; the others load"


def empty_newest(sample: Sample, _: random.Random) -> str:
    sample.save("autosave", 90, export(sample.game, events=[]))
    return "the empty export is recorded and replaces nothing"


def shrunk_newest(sample: Sample, _: random.Random) -> str:
    events = sample.game.events
    sample.save("autosave", 90, export(sample.game, events=events[: len(events) // 3]))
    return "the newest export, which loses two thirds of the events, is quarantined; the one before it is published"


def wrong_folder(sample: Sample, _: random.Random) -> str:
    sample.folder = "misplaced"
    return "attributed by the gameId in the file; the folder is not evidence"


def home_and_away_swapped(sample: Sample, _: random.Random) -> str:
    sample.is_swapped = True
    return "loads, flagged: the schedule has home and away swapped"


def official_score_disagrees(sample: Sample, _: random.Random) -> str:
    home, away = (sum(sample.game.truth.score[side].values()) for side in OTHER)
    sample.official = (home + 1, away)
    return "loads; seasons leave the game out until it is accepted"


DAMAGE: Final[dict[str, Callable[[Sample, random.Random], str]]] = {
    damage.__name__: damage
    for damage in (
        truncated, shrunk_newest, event_without_type, empty_newest, jersey_on_no_roster, wrong_folder,
        stint_backwards, official_score_disagrees, jersey_on_the_other_roster, not_json, home_and_away_swapped,
        not_an_export,
    )
}  # fmt: skip


def _possession(sample: Sample, rng: random.Random) -> dict[str, Any]:
    """Return an event that no statistic counts, so that a defect in it does not change the truth."""
    events = sample.tree["events"]
    free = [event for event in events if event["type"] == "Possession" and event.get("assistToGoalIdx") is None]
    return rng.choice(free)

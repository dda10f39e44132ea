"""Small exports in the format of the tracker, with settings that must never be stored or printed."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from stanchion.ingest.reading.model import Game
from stanchion.ingest.reading.recognise import read
from stanchion.ingest.reading.sources import from_bytes

CANARY = "canary-9f4b1c7e-key"
FIRST = datetime(2026, 1, 16, 20, tzinfo=UTC)


def at(minutes: float) -> str:
    return (FIRST + timedelta(minutes=minutes)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def export(game: Any = 18001, minutes: float = 0, events: int = 20, **keys: Any) -> dict[str, Any]:
    """Return an export with this many events. Every tenth event is a goal, for home and away in turn."""
    home, away = keys.pop("home", "Kestrels"), keys.pop("away", "Ferrymen")
    rosters = {
        side: [
            {
                "id": f"P{side[0]}{number}",
                "num": str(number),
                "name": f"{side} {number}",
                "pos": "G" if number == 1 else "F",
            }
            for number in range(1, 7)
        ]
        for side in ("home", "away")
    }
    whole = {
        "exportDate": at(minutes),
        "version": "23.8",
        "gameId": game,
        "homeTeam": home,
        "awayTeam": away,
        "rosters": rosters,
        "events": [event(number) for number in range(events)],
        "shifts": [stint(number) for number in range(min(events, 3))],
        "periodLengths": {"1": 18, "2": 18, "3": 18, "OT": 5},
        "penaltyLengths": {"minor": 2, "major": 5, "misconduct": 10},
        "homeAttacksRightP1": True,
        "settings": {"url": f"https://{CANARY}.example", "key": CANARY, "deep": [{"a": [CANARY]}]},
        "savedAt": at(minutes),
    }
    return whole | keys


def event(number: int) -> dict[str, Any]:
    side = "home" if number % 20 < 10 else "away"
    is_goal = number % 10 == 9
    clock = f"{17 - number % 18:02}:00"
    return {
        "idx": number,
        "period": 1 + number // 18 % 3,
        "type": "Goal" if is_goal else "Pass",
        "team": side,
        "zone": "o",
        "success": True,
        "detail1": "Goal_Scored" if is_goal else "Pass_Completed",
        "start_time": clock,
        "end_time": clock,
        "players": [{"num": 2, "name": f"{side} 2", "role": "event_player_1"}],
        "puckXY": [{"x": 10.5, "y": -3}],
    }


def stint(number: int) -> dict[str, Any]:
    slots = {
        side: {
            slot: {"num": str(n + 1), "name": f"{side} {n + 1}"}
            for n, slot in enumerate(("G", "F1", "F2", "F3", "D1", "D2"))
        }
        for side in ("home", "away")
    }
    return {
        "period": number + 1,
        "start_time": "18:00",
        "end_time": "0:00",
        "stop_type": "End",
        "stoppageTime": 0,
        **slots,
    }


def write(folder: Path, *exports: dict[str, Any]) -> Path:
    """Write each export to its own file, with names that sort in this order."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, each in enumerate(exports):
        (folder / f"{number:03}_{each['gameId']}.json").write_text(json.dumps(each), encoding="utf-8")
    return folder


def empty(game: Any = 18001, minutes: float = 0, **keys: Any) -> dict[str, Any]:
    return export(game, minutes, 0, **keys)


def games_of(*exports: dict[str, Any]) -> Iterator[Game]:
    """Read these exports."""
    for each in exports:
        yield from read(from_bytes("test", json.dumps(each).encode()))

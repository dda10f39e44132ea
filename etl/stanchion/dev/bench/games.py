"""Invented games with as many rows as real ones, to measure loads. They are the same in every run."""

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

EVENTS, STINTS = 1500, 100  # events of a game; 10,000 rows with participants, points and players
_SLOTS = ("F1", "F2", "F3", "D1", "D2", "G")
_CODES = (
    ("Pass", "Pass_Completed"),
    ("Shot", "Shot_OnNetSaved"),
    ("Possession", "PuckRecovery"),
    ("Turnover", "Turnover_Giveaway"),
)
_FIRST = datetime(2026, 1, 1, 20, tzinfo=UTC)


def write_games(folder: Path, count: int) -> None:
    """Write the exports of `count` games on ten days, one file each."""
    choose = random.Random(count)  # noqa: S311 - the same every time is what is wanted
    for number in range(count):
        (folder / f"{number:05}.json").write_text(json.dumps(_game(choose, number)), encoding="utf-8")


def _game(choose: random.Random, number: int) -> dict[str, Any]:
    rosters = {
        side: [
            {
                "id": f"P{number % 8}{side}{n}",
                "num": str(n),
                "name": f"Player {side} {n}",
                "pos": "G" if n == 1 else "F",
            }
            for n in range(1, 19)
        ]
        for side in ("home", "away")
    }
    return {
        "exportDate": (_FIRST + timedelta(days=number % 10)).isoformat(),
        "version": "23.8",
        "gameId": 700_000 + number,
        "homeTeam": f"Team {number % 8}",
        "awayTeam": f"Team {8 + number % 7}",
        "rosters": rosters,
        "events": [_event(choose, n) for n in range(EVENTS)],
        "shifts": [_stint(choose, n) for n in range(STINTS)],
        "periodLengths": {"1": 18, "2": 18, "3": 18, "OT": 5},
        "penaltyLengths": {"minor": 2, "major": 5, "misconduct": 10},
        "homeAttacksRightP1": True,
    }


def _clock(seconds: int) -> str:
    return f"{seconds // 60:02}:{seconds % 60:02}"


def _event(choose: random.Random, number: int) -> dict[str, Any]:
    period, place = divmod(number, EVENTS // 3)
    left = 1080 - place * 1080 // (EVENTS // 3)
    kind, detail = choose.choice(_CODES)
    team, other = choose.sample(("home", "away"), 2)
    return {
        "idx": number,
        "period": min(period, 2) + 1,
        "type": kind,
        "team": team,
        "zone": choose.choice("odn"),
        "success": choose.choice((True, False, None)),
        "detail1": detail,
        "detail2": f"{kind}-Forehand",
        "start_time": _clock(left),
        "end_time": _clock(max(0, left - 2)),
        "linkedEventIdx": number // 3,
        "sequenceIdx": number // 9,
        "playIdx": number // 4,
        "players": [
            {
                "num": choose.randint(2, 18),
                "name": "Player",
                "team": side,
                "role": role,
                "roleNum": 1,
                "playD1": choose.choice(("", "", "", "OffensivePlay_Pass-Lane", "StickCheck", "PokeCheck")),
                "playD2": "",
                "playSuccess": "",
                "pressure": "",
                "sideOfPuck": "Offensive" if side == team else "Defensive",
                "xy": [_place(choose)],
            }
            for role, side in (("event_player_1", team), ("opp_player_1", other))
        ],
        "puckXY": [_place(choose) for _ in range(2)],
        "strength": "5v5",
        "netXY": None,
        "game_id": 700_000,
        "linkedEventChain": None,
        "typeCode": kind.upper(),
        "typeId": number % 12,
        "detail1Code": detail.upper(),
        "adjustedVideoTime": number * 2.5,
        "assistToGoalIdx": None,
        "isHighlight": False,
    }


def _place(choose: random.Random) -> dict[str, float]:
    return {"x": round(choose.uniform(-99, 99), 2), "y": round(choose.uniform(-42, 42), 2)}


def _stint(choose: random.Random, number: int) -> dict[str, Any]:
    period, place = divmod(number, STINTS // 3 + 1)
    length = 1080 // (STINTS // 3 + 1)
    slots = {
        side: {
            slot: {"num": str(n), "name": f"Player {side} {n}"}
            for slot, n in zip(_SLOTS, [*choose.sample(range(2, 19), 5), 1], strict=True)
        }
        for side in ("home", "away")
    }
    left = 1080 - place * length
    return {
        "period": period + 1,
        "start_time": _clock(left),
        "end_time": _clock(left - length),
        "stoppageTime": 0,
        **slots,
    }

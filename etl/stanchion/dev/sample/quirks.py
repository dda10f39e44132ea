"""The ways in which real trackers write the same game. A quirk does not change the truth of the game."""

import random
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any, Final

from stanchion.dev.sample.games import empty_stint

Tree = dict[str, Any]
Quirk = Callable[[Tree, random.Random], None]


def _players(tree: Tree) -> Iterator[Tree]:
    for event in tree["events"]:
        yield from event["players"]


def _slots(tree: Tree) -> Iterator[Tree]:
    for stint in tree["shifts"]:
        for side in ("home", "away"):
            yield from (player for player in stint[side].values() if player)


def jerseys(tree: Tree, rng: random.Random) -> None:
    """Write numbers as integers, as text or with a decimal point."""
    for player in (*_players(tree), *_slots(tree), *tree["rosters"]["home"], *tree["rosters"]["away"]):
        number = int(player["num"])
        player["num"] = rng.choice([number, str(number), float(number), f" {number} ", f"{number}.0"])


def periods(tree: Tree, rng: random.Random) -> None:
    for piece in (*tree["events"], *tree["shifts"]):
        piece["period"] = rng.choice([int, str, float])(piece["period"])


def roles(tree: Tree, rng: random.Random) -> None:
    for player in _players(tree):
        player["role"] = player["role"].replace("_player", rng.choice(["_player", "_team_player"]))
        player["roleNum"] = rng.randint(0, 9)


def separators(tree: Tree, rng: random.Random) -> None:
    for event in tree["events"]:
        for key in ("type", "detail1", "detail2"):
            event[key] = "".join(rng.choice("_-/ ") if c in "_/" else c for c in event[key])


def families(tree: Tree, rng: random.Random) -> None:
    prefixes = ("OffensivePlay_Pass-", "Defensive_PlayZone-", "DefensivePlay_Zone-", "Offensive_Zone-", "")
    for player in _players(tree):
        if player["playD1"]:
            player["playD1"] = rng.choice(prefixes) + player["playD1"]


def successes(tree: Tree, rng: random.Random) -> None:
    spellings: dict[Any, list[Any]] = {None: [None, ""], True: [True, "s"], False: [False, "u"]}
    for event in tree["events"]:
        event["success"] = rng.choice(spellings[event["success"]])
    for player in _players(tree):
        player["playSuccess"] = rng.choice([None, "", "o"])


def clocks(tree: Tree, rng: random.Random) -> None:
    """Write 9:05 for 09:05, and 00:0.01 for the end of a period."""
    for piece in (*tree["events"], *tree["shifts"]):
        for key in ("start_time", "end_time"):
            if piece[key] == "00:00":
                piece[key] = rng.choice(["00:00", "00:0.01", "0:00"])
            elif piece[key].startswith("0") and rng.random() < 0.5:
                piece[key] = piece[key][1:]


def absent_keys(tree: Tree, rng: random.Random) -> None:
    """Omit keys whose value is null."""
    for piece in (*tree["events"], *_players(tree), *tree["shifts"]):
        for key in [key for key, value in piece.items() if value in (None, "", [], False) and value != 0]:
            if key not in ("players", "xy", "puckXY") and rng.random() < 0.5:
                del piece[key]


def absent_teams(tree: Tree, rng: random.Random) -> None:
    for player in _players(tree):
        if rng.random() < 0.5:
            player.pop("team", None)


def null_points(tree: Tree, rng: random.Random) -> None:
    for piece in (*tree["events"], *_players(tree)):
        points = piece.get("puckXY") or piece.get("xy")
        if points:
            points.insert(rng.randint(0, len(points)), None)


def corner_points(tree: Tree, _: random.Random) -> None:
    """Use the other coordinate system, whose origin is a corner of the rink."""
    for piece in (*tree["events"], *_players(tree)):
        for point in piece.get("puckXY") or piece.get("xy") or ():
            if point:
                point["x"], point["y"] = point["x"] + 100, point["y"] + 42.5


def strengths(tree: Tree, rng: random.Random) -> None:
    """Add labels of strength, which are often wrong."""
    for piece in (*tree["events"], *tree["shifts"]):
        piece["strength"] = rng.choice(["4v5", "5v6 Away EN", "0v0", ""])


def phantoms(tree: Tree, _: random.Random) -> None:
    """Add stints without players between periods and at the end."""
    for place in [i for i, stint in enumerate(tree["shifts"]) if stint["start_type"] == "Intermission"][::-1]:
        tree["shifts"].insert(place, empty_stint(2, "DeadIce/Stoppage"))
    tree["shifts"].append(empty_stint(1, "OnTheFly"))


def live_keys(tree: Tree, rng: random.Random) -> None:
    """Add the fields of events that were entered during the game."""
    for event in tree["events"]:
        if rng.random() < 0.2:
            event |= {"game_id": tree["gameId"], "typeCode": "X", "typeId": 3, "linkedEventChain": None}
    for number, stint in enumerate(tree["shifts"]):
        if rng.random() < 0.2:
            stint |= {"idx": number + 1, "game_id": tree["gameId"]}


def names(tree: Tree, rng: random.Random) -> None:
    """Write accents as one character or two, and an extra space."""
    for player in (*_players(tree), *_slots(tree), *tree["rosters"]["home"], *tree["rosters"]["away"]):
        player["name"] = rng.choice(["", " "]) + unicodedata.normalize(rng.choice(["NFC", "NFD"]), player["name"])


def interface(tree: Tree, rng: random.Random) -> None:
    """Add the state of the browser and the time of saving."""
    tree["exportDate"] = tree["savedAt"] = f"2026-01-16T16:{rng.randint(10, 59)}:00.000Z"
    tree |= {"currentPeriod": 3, "linePresets": {}, "settings": {"sbKey": str(rng.random())}, "version": "99.9"}
    if rng.random() < 0.5:
        tree["eventMacros"] = []
    for key in rng.sample(sorted(tree), len(tree)):
        tree[key] = tree.pop(key)


QUIRKS: Final[dict[str, Quirk]] = {
    quirk.__name__: quirk
    for quirk in (
        jerseys, periods, roles, separators, families, successes, clocks, absent_teams, null_points, corner_points,
        strengths, phantoms, live_keys, names, interface, absent_keys,
    )
}  # fmt: skip

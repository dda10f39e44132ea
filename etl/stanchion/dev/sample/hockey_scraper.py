"""Write invented games as a CSV file of hockey_scraper, with the traps of real files.

Game_Id lacks the season, the codes of teams have dots in one column, ids of players are written as 8470001.0, a saved
penalty shot is a shot at 1x0, and the attempts of a shootout are rows of period 5 at 0:00.
"""

import csv
import io
from collections.abc import Iterable
from typing import Any, Final

from stanchion.dev.sample.book import OTHER, BookGame, Play, Player
from stanchion.dev.sample.nhl import has_point

_ON_ICE: Final = 6
_ROW: Final = ("Game_Id", "Date", "Period", "Event", "Description", "Time_Elapsed", "Seconds_Elapsed", "Strength")
_PEOPLE: Final = ("p1_name", "p1_ID", "p2_name", "p2_ID", "p3_name", "p3_ID")
COLUMNS: Final = (
    "", *_ROW, "Ev_Zone", "Type", "Ev_Team", "Home_Zone", "Away_Team", "Home_Team", *_PEOPLE,
    *(f"{side}Player{n}{what}" for side in ("away", "home") for n in range(1, _ON_ICE + 1) for what in ("", "_id")),
    "Away_Players", "Home_Players", "Away_Score", "Home_Score", "Away_Goalie", "Away_Goalie_Id", "Home_Goalie",
    "Home_Goalie_Id", "xC", "yC", "Home_Coach", "Away_Coach",
)  # fmt: skip
_EVENTS: Final = {
    "faceoff": "FAC", "shot": "SHOT", "goal": "GOAL", "missed": "MISS", "blocked": "BLOCK", "hit": "HIT",
    "giveaway": "GIVE", "takeaway": "TAKE", "penalty": "PENL", "penalty_shot": "SHOT",
}  # fmt: skip
_ROLES: Final = {
    "FAC": ("winner", "loser"), "SHOT": ("shooter",), "GOAL": ("scorer", "assist1", "assist2"), "MISS": ("shooter",),
    "BLOCK": ("blocker", "shooter"), "HIT": ("hitter", "hittee"), "GIVE": ("player",), "TAKE": ("player",),
    "PENL": ("taken_by", "drawn_by", "served_by"),
}  # fmt: skip
_PENALTIES: Final = {
    "minor": "Hooking({} min)", "double minor": "Hi stick - double minor({} min)", "major": "Fighting (maj)",
    "misconduct": "Misconduct ({} min)", "bench": "Too many men/ice - bench({} min)",
    "penalty shot": "PS-Hooking on breakaway({} min)",
}  # fmt: skip
_SHOT_TYPES: Final = {"Wrist": "WRIST SHOT", "Snap": "SNAP SHOT", "Slap": "SLAP SHOT"}
Row = dict[str, Any]


def hockey_scraper_csv(games: Iterable[BookGame]) -> bytes:
    """Return the file of many games, which stand one after the other."""
    text = io.StringIO()
    rows = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    rows.writeheader()
    for game in games:
        for number, row in enumerate(_rows(game)):
            rows.writerow({"": number} | row)
    return text.getvalue().encode()


def game_id(game: BookGame) -> int:
    """Return Game_Id, which is the end of the id in other sources."""
    return (30_000 if game.is_playoff else 20_000) + game.number + 1


def game_key(game: BookGame) -> str:
    """Return the id of the game in other sources."""
    return f"{game.season}{game_id(game):06d}"


def _rows(game: BookGame) -> list[Row]:
    about = {
        "Game_Id": game_id(game),
        "Date": f"{game.day:%Y-%m-%d}",
        "Home_Team": game.home.abbrev,
        "Away_Team": game.away.abbrev,
        "Home_Coach": "NOBODY",
        "Away_Coach": "NOBODY",
    }
    rows: list[Row] = []
    plays = [play for play in game.plays if play.kind != "goalie_change" and not _is_goal_of(play)]
    for period in range(1, game.periods + 1):
        in_period = [play for play in plays if play.period == period]
        end = in_period[-1].elapsed if period > 3 and in_period[-1].kind == "goal" else game.period_seconds(period)
        rows.append(_mark("PSTR", period, 0) | _line_up(in_period[0]))
        for play in in_period:
            rows.append(_row(game, play))
            if play.kind in ("goal", "penalty"):
                rows.append(_mark("STOP", period, play.elapsed))
            if play.kind == "goal" and play.x % 5 == 0:
                rows += [_mark(event, period, play.elapsed) for event in ("CHL", "EISTR", "EIEND", "EGPID")]
        rows.append(_mark("PEND", period, end))
    if game.ended_in == "shootout":
        rows.append(_mark("PSTR", 5, 0))
        rows += [_row(game, play) for play in plays if play.period == 0]
        rows.append(_mark("SOC", 5, 0))
    rows.append(_mark("GEND", rows[-1]["Period"], rows[-1]["Seconds_Elapsed"]))
    return [about | row for row in rows]


def _is_goal_of(play: Play) -> bool:
    """Return whether a row of its own follows for the goal on this penalty shot."""
    return play.kind == "penalty_shot" and play.is_goal


def _mark(event: str, period: int, elapsed: float) -> Row:
    return {"Event": event, "Period": period, "Strength": "0x0"} | _time(int(elapsed))


def _time(elapsed: int) -> Row:
    return {"Time_Elapsed": f"{elapsed // 60}:{elapsed % 60:02d}", "Seconds_Elapsed": float(elapsed)}


def _row(game: BookGame, play: Play) -> Row:
    event = _EVENTS.get(play.kind) or ("GOAL" if play.is_goal else "MISS" if play.y > 20 else "SHOT")
    zone = "Off" if play.x > 25 else "Def" if play.x < -25 else "Neu"
    if event == "BLOCK":
        zone = {"Off": "Def", "Def": "Off"}.get(zone, zone)
    ends = 1 if (play.period % 2 == 1) == (play.side == "home") else -1
    is_without_point = not has_point(play) or (event == "PENL" and play.x % 5 == 0)
    return (
        {
            "Event": event,
            "Period": play.period or 5,
            "Description": f"An invented {play.kind}",
            "Type": _type(event, play),
            "Ev_Team": _team_code(game, play.side),
            "Ev_Zone": zone,
            "Home_Score": play.home_goals,
            "Away_Score": play.away_goals,
            "xC": "" if is_without_point else float(ends * play.x),
            "yC": "" if is_without_point else float(ends * play.y),
        }
        | _time(play.elapsed)
        | _people(event, play)
        | _line_up(play)
    )


def _team_code(game: BookGame, side: str) -> str:
    """Return the code of a team; of every second team with a dot and without the last letter."""
    team = game.team(side)
    return f"{team.abbrev[0]}.{team.abbrev[1]}" if team.id % 2 else team.abbrev


def _type(event: str, play: Play) -> str:
    if event == "PENL":
        return _PENALTIES[play.severity].format(play.minutes)
    if event in ("SHOT", "GOAL", "MISS", "BLOCK"):
        return _SHOT_TYPES.get(play.shot_type, play.shot_type.upper())
    return ""


def _people(event: str, play: Play) -> Row:
    is_attempt_of_shootout = play.kind == "shootout"
    wanted = ("shooter",) if is_attempt_of_shootout else _ROLES[event]
    cells: Row = {}
    for number, role in enumerate(wanted, start=1):
        player = play.people.get(role)
        if player:
            cells |= {f"p{number}_name": player.name.upper(), f"p{number}_ID": f"{player.id}.0"}
    if event == "PENL" and play.x % 11 == 0:  # the service does not name who drew each penalty
        cells |= {"p2_name": "", "p2_ID": ""}
    if event == "PENL" and "taken_by" not in play.people:
        cells |= {"p1_name": "Team", "p1_ID": "", "p3_name": "", "p3_ID": ""}
    return cells


def _line_up(play: Play) -> Row:
    """Return the players on the ice. At a penalty shot they are the shooter and the goalie."""
    on_ice = play.on_ice
    goalies = {"home": play.home_goalie, "away": play.away_goalie}
    is_penalty_shot = play.kind in ("penalty_shot", "shootout") or play.is_penalty_shot
    if is_penalty_shot:
        shooter = play.people.get("shooter") or play.people["scorer"]
        goalie = play.people["goalie"]
        on_ice = {play.side: [shooter], OTHER[play.side]: [goalie]}
        goalies = {play.side: None, OTHER[play.side]: goalie}
    cells: Row = {}
    skaters: dict[str, int] = {}
    for side in OTHER:
        goalie_in_net = goalies[side]
        cells |= _players(side, on_ice[side])
        cells[f"{side.title()}_Players"] = len(on_ice[side])
        cells[f"{side.title()}_Goalie"] = goalie_in_net.name.upper() if goalie_in_net else ""
        cells[f"{side.title()}_Goalie_Id"] = f"{goalie_in_net.id}.0" if goalie_in_net else ""
        skaters[side] = len(on_ice[side]) - (goalie_in_net is not None)
    return cells | {"Strength": f"{skaters['home']}x{skaters['away']}"}


def _players(side: str, players: list[Player]) -> Row:
    cells: Row = {}
    for number, player in enumerate(players, start=1):
        cells[f"{side}Player{number}"] = player.name.upper()
        cells[f"{side}Player{number}_id"] = player.id if number == 1 else f"{player.id}.0"
    return cells

"""The page of one game: box score, timeline, game flow, shots on a rink, and shifts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from stanchion.report.charts import Line, lines, shifts, timeline
from stanchion.report.league import Row, Rows, grouped
from stanchion.report.page import NONE, clock, number
from stanchion.report.site.rink import Shot, whole_rink

_AT_ONCE = 40  # games that are read together
_KINDS = ("team_lines", "player_lines", "goalie_lines", "events", "assists", "shots", "shifts")
_TURNED = {"home": "away", "away": "home"}
_STRENGTH = {"power_play": "PP", "short_handed": "SH"}
_PERIOD = 1200  # seconds, where no event has the time played
# The figures of a game that are compared, with their column. Those that the source does not record are left out.
_COMPARED = (
    ("Shots on goal", "shots_on_goal", 0),
    ("Shot attempts", "corsi_for", 0),
    ("Expected goals", "xg", 2),
    ("Attempts of high danger", "high_danger_shots", 0),
    ("Power-play goals", "power_play_goals", 0),
    ("Power plays", "power_plays", 0),
    ("Penalty minutes", "penalty_minutes", 0),
    ("Faceoffs won", "faceoffs_won", 0),
    ("Hits", "hits", 0),
    ("Giveaways", "giveaways", 0),
    ("Takeaways", "takeaways", 0),
)


@dataclass(frozen=True)
class Clock:
    """The time of a game: the end of each period in seconds, and the number of regular periods."""

    ends: Mapping[int, float]

    @property
    def whole(self) -> float:
        return max(self.ends.values(), default=3 * _PERIOD)

    def played(self, period: int, remaining: Any) -> float:
        """Return the seconds played when a period has this many left."""
        return self.ends.get(period, period * _PERIOD) - float(remaining)

    def marks(self) -> list[tuple[float, str]]:
        """Return the beginning of each period, with its name."""
        begins, found = 0.0, []
        for period, end in sorted(self.ends.items()):
            found.append((begins, f"Period {period}" if period <= 3 else f"{period}"))
            begins = end
        return found


def read_games(rows: Rows, games: Sequence[Row]) -> Iterator[tuple[Row, dict[str, list[Row]]]]:
    """Yield each game with its rows of every kind. Few games are in memory at a time."""
    ordered = sorted(games, key=lambda game: game["played_on"])
    for first in range(0, len(ordered), _AT_ONCE):
        some = ordered[first : first + _AT_ONCE]
        keys = [game["game_key"] for game in some]
        days = {"first": some[0]["played_on"], "last": some[-1]["played_on"]}
        found = {kind: grouped(rows(kind, games=keys, **days), "game_key") for kind in _KINDS}
        for game in some:
            yield game, {kind: found[kind].get(game["game_key"], []) for kind in _KINDS}


def game_facts(game: Row, found: Mapping[str, list[Row]], names: Mapping[str, str]) -> Row:
    """Return the facts of the page of a game. Home and away are those of the schedule."""
    if game["is_swapped"]:
        for kind in _KINDS:
            for row in found[kind]:
                if "side" in row:
                    row["side"] = _TURNED.get(row["side"], row["side"])
    time = _clock(found)
    teams = {row["side"]: row for row in found["team_lines"]}
    side_names = {"home": game["home_team"] or "Home", "away": game["away_team"] or "Away"}
    helpers = grouped(found["assists"], "goal_event_no")
    goals = [_goal(event, helpers, names, side_names, game) for event in found["events"] if event["is_goal"]]
    penalties = [_penalty(event, names, side_names) for event in found["events"] if event["type"] == "Penalty"]
    return {
        "game": game,
        "sides": [(side, side_names[side], teams.get(side)) for side in ("away", "home")],
        "by_period": _by_period(teams),
        "goals": goals,
        "penalties": penalties,
        "timeline": timeline(_events(goals, penalties, time), time.whole, time.marks()),
        "flow": _flow(found["shots"], side_names, time),
        "expected": _expected(found["shots"]),
        "rink": _rink(found["shots"], names, side_names),
        "placed": sum(shot["x"] is not None for shot in found["shots"]),
        "attempts": len(found["shots"]),
        "compared": _compared(teams),
        "skaters_of": _by_side(row for row in found["player_lines"] if not row["is_goalie"]),
        "goalies_of": _by_side(found["goalie_lines"]),
        "shifts": _shifts(found["shifts"], found["player_lines"], time),
        "names": names,
    }


def _clock(found: Mapping[str, list[Row]]) -> Clock:
    ends: dict[int, float] = {}
    for row in (*found["events"], *found["shots"]):
        if row["period"] is not None and row["elapsed_s"] is not None and row["remaining_s"] is not None:
            ends[row["period"]] = float(row["elapsed_s"] + row["remaining_s"])
    for row in (*found["shifts"], *found["shots"]):
        if row["period"] is not None:
            ends.setdefault(row["period"], row["period"] * _PERIOD)
    for period in range(1, max(ends, default=3)):
        ends.setdefault(period, period * _PERIOD)
    return Clock(ends)


def _when(event: Row) -> str:
    """Return the period and the time left in it."""
    return f"P{event['period']} {clock(event['remaining_s'])}"


def _goal(event: Row, helpers: Mapping[Any, list[Row]], names: Mapping[str, str], sides: Row, game: Row) -> Row:
    home, away = event["home_score"], event["away_score"]
    if game["is_swapped"]:
        home, away = away, home
    kind = [_STRENGTH.get(event["strength"] or "", ""), "EN" if event["is_empty_net"] else ""]
    return event | {
        "when": _when(event),
        "team": sides.get(event["side"], NONE),
        "assist_keys": [row["person_key"] for row in helpers.get(event["event_no"], [])],
        "score": f"{home}:{away}",
        "kind": " ".join(filter(None, kind)),
        "who": names.get(event["person_key"] or "", "unknown"),
    }


def _penalty(event: Row, names: Mapping[str, str], sides: Row) -> Row:
    what = " ".join(filter(None, (event["detail1"], event["detail2"]))).replace("_", " ")
    return event | {
        "when": _when(event),
        "team": sides.get(event["side"], NONE),
        "what": what.removeprefix("Penalty ") or NONE,
        "who": names.get(event["person_key"] or "", "bench"),
    }


def _events(goals: Sequence[Row], penalties: Sequence[Row], time: Clock) -> list[tuple[float, str, str, str]]:
    """Return goals and penalties for the timeline, those with a time and a side only."""
    found = []
    for kind, events in (("penalty", penalties), ("goal", goals)):
        for event in events:
            if event["remaining_s"] is not None and event["side"]:
                title = f"{event['when']} {event['team']}: {kind} {event['who']}"
                found.append((time.played(event["period"], event["remaining_s"]), event["side"], kind, title))
    return found


def _by_period(teams: Mapping[str, Row]) -> list[tuple[str, dict[str, int]]]:
    """Return the goals of each side in each period, regular periods first."""
    periods = sorted({int(period) for row in teams.values() for period in row["goals_by_period"]} | {1, 2, 3})
    return [
        (str(period), {side: row["goals_by_period"].get(str(period), 0) for side, row in teams.items()})
        for period in periods
    ]


def _flow(shots: Sequence[Row], sides: Row, time: Clock) -> Any:
    """Return the expected goals of both sides as they grow; None without places or times."""
    known = [shot for shot in shots if shot["xg"] is not None and shot["remaining_s"] is not None and shot["side"]]
    if not known:
        return None
    points: dict[str, list[tuple[float, float]]] = {"home": [(0, 0)], "away": [(0, 0)]}
    dots = []
    for shot in sorted(known, key=lambda shot: (shot["period"], -shot["remaining_s"])):
        at, line = time.played(shot["period"], shot["remaining_s"]), points[shot["side"]]
        line.append((at, line[-1][1] + float(shot["xg"])))
        if shot["outcome"] == "goal":
            dots.append((*line[-1], shot["side"], f"Goal of {sides[shot['side']]}, {_when(shot)}"))
    for line in points.values():
        line.append((time.whole, line[-1][1]))
    drawn = [Line(sides[side], side, points[side]) for side in ("home", "away")]
    return lines(drawn, time.whole, 220, time.marks(), dots, as_steps=True)


def _expected(shots: Sequence[Row]) -> list[tuple[int, dict[str, float]]]:
    """Return the expected goals of both sides in each period."""
    found: dict[int, dict[str, float]] = {}
    for shot in shots:
        if shot["xg"] is not None and shot["side"]:
            of = found.setdefault(shot["period"], {"home": 0.0, "away": 0.0})
            of[shot["side"]] += float(shot["xg"])
    return sorted(found.items())


def _rink(shots: Sequence[Row], names: Mapping[str, str], sides: Row) -> Any:
    """Return the shots on a rink: the home team attacks to the right. None without places."""
    drawn = []
    for shot in shots:
        if shot["x"] is None or shot["y"] is None or shot["side"] not in sides:
            continue
        turn = 1 if shot["side"] == "home" else -1
        xg = float(shot["xg"] or 0)
        who = names.get(shot["person_key"] or "", "unknown")
        title = f"{_when(shot)} {who}, {sides[shot['side']]}: {shot['outcome'] or 'attempt'}"
        if shot["xg"] is not None:
            title += f", {number(xg, 2)} expected goals"
        place = (turn * float(shot["x"]), turn * float(shot["y"]))
        drawn.append(Shot(*place, shot["outcome"] or "missed", shot["side"], 0.9 + 2.6 * sqrt(xg), title))
    label = f"Shots of {sides['away']} to the left and of {sides['home']} to the right"
    return whole_rink(drawn, label) if drawn else None


def _compared(teams: Mapping[str, Row]) -> list[tuple[str, str, str, float]]:
    """Return the figures of both sides, away first, with the share of the away side in percent."""
    found = []
    away, home = teams.get("away"), teams.get("home")
    for name, column, digits in _COMPARED if away and home else ():
        theirs, ours = away[column], home[column]  # type: ignore[index] # both are known here
        if theirs is not None and ours is not None:
            total = float(theirs) + float(ours)
            share = 100 * float(theirs) / total if total else 50.0
            found.append((name, number(theirs, digits), number(ours, digits), share))
    return found


def _by_side(rows: Iterable[Row]) -> dict[str, list[Row]]:
    return grouped(list(rows), "side")


def _shifts(found: Sequence[Row], players: Sequence[Row], time: Clock) -> dict[str, list[tuple[Row, int, float, Any]]]:
    """Return for each side its players, with the number of their shifts, their time and the drawn shifts."""
    of_player: dict[tuple[str, str], list[Row]] = {}
    for row in found:
        of_player.setdefault((row["side"], row["player_key"]), []).append(row)
    ends = sorted(time.ends.values())[:-1]
    lists: dict[str, list[tuple[Row, int, float, Any]]] = {}
    for player in sorted(players, key=lambda row: (bool(row["is_goalie"]), -(row["seconds"] or 0))):
        own = of_player.get((player["side"], player["player_key"]))
        if own:
            spans = [
                (time.played(row["period"], row["start_s"]), time.played(row["period"], row["end_s"])) for row in own
            ]
            mean = sum(end - start for start, end in spans) / len(spans)
            entry = (player, len(spans), mean, shifts(spans, time.whole, ends))
            lists.setdefault(player["side"], []).append(entry)
    return lists

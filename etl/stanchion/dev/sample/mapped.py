"""Write invented games as CSV files of two formats that are read with the mappings in docs/formats/mappings.

One is like the tracking of a league with chips in the pucks: clock up in seconds, metres, a goal as two rows. The other
is like the event CSV of 2022: clock down in seconds, names instead of ids, a goal as a successful shot.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any, Final

from stanchion.dev.sample.book import OTHER, BookGame, Play, Player

TRACKING_COLUMNS: Final = (
    "MatchId", "MatchDate", "HomeTeam", "AwayTeam", "Period", "MatchClock", "EventType", "TeamName", "TeamStrength",
    "Player", "PlayerId", "OtherPlayer", "OtherPlayerId", "GoalieId", "Assist1Id", "Assist2Id", "ShotResult",
    "ShotType", "EmptyNet", "PenaltyMinutes", "PowerPlay", "XStart", "YStart", "XEnd", "YEnd",
)  # fmt: skip
EVENT_COLUMNS: Final = (
    "game_date", "season_year", "team_name", "opp_team_name", "venue", "period", "clock_seconds", "situation_type",
    "goals_for", "goals_against", "player_name", "event", "event_successful", "x_coord", "y_coord", "event_type",
    "player_name_2", "x_coord_2", "y_coord_2", "event_detail_1", "event_detail_2", "event_detail_3",
)  # fmt: skip
_METRES: Final = 3.28084  # feet
_TYPES: Final = {
    "faceoff": "Faceoff", "shot": "Shot", "missed": "Shot", "blocked": "Shot", "hit": "Hit", "giveaway": "Puck Loss",
    "takeaway": "Puck Steal", "penalty": "Penalty", "penalty_shot": "Shot", "shootout": "Shootout",
}  # fmt: skip
_RESULTS: Final = {"shot": "Saved", "missed": "Missed", "blocked": "Blocked", "penalty_shot": "Saved"}
_ACTORS: Final = ("shooter", "scorer", "winner", "hitter", "player", "taken_by")
_OTHERS: Final = ("loser", "hittee", "blocker", "drawn_by")
Row = dict[str, Any]


def tracking_csv(games: Iterable[BookGame]) -> bytes:
    """Return the tracking of many games."""
    return _written(TRACKING_COLUMNS, (row for game in games for row in _tracking_rows(game)))


def event_csv_like_2022(games: Iterable[BookGame]) -> bytes:
    """Return the events of many games, with the day first in the date."""
    return _written(EVENT_COLUMNS, (row for game in games for row in _event_rows(game)))


def _written(columns: Iterable[str], rows: Iterable[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _tracking_rows(game: BookGame) -> Iterator[Row]:
    of_game = {
        "MatchId": 7000 + game.number,
        "MatchDate": game.day.isoformat(),
        "HomeTeam": game.home.name,
        "AwayTeam": game.away.name,
    }
    for period in range(1, game.periods + 1):
        yield of_game | {"Period": period, "MatchClock": 0, "EventType": "Period Start"}
        for play in game.plays:
            if play.period == period:
                yield from (of_game | row for row in _tracking(game, play))
    yield from (of_game | row for play in game.plays if not play.period for row in _tracking(game, play))


def _tracking(game: BookGame, play: Play) -> Iterator[Row]:
    """Yield the rows of a play: none for a goalie change and for the shot of a goal, and two for a goal."""
    if play.kind == "goalie_change" or (play.kind == "penalty_shot" and play.is_goal):
        return
    row = {
        "Period": play.period or 5,
        "MatchClock": play.elapsed,
        "TeamName": game.team(play.side).name,
        "TeamStrength": "v".join(str(count) for count in _skaters(play)) if play.period else "",
        "XStart": round(play.x / _METRES, 2),
        "YStart": round(play.y / _METRES, 2),
    } | _people(play)
    if play.kind == "penalty":
        row |= {"PenaltyMinutes": f"{play.minutes}.00", "PowerPlay": int(play.gives_power_play)}
        if play.severity == "penalty shot":  # the minutes are the team's
            row |= {"Player": "", "PlayerId": ""}
    if "shooter" in play.people or "scorer" in play.people:
        is_penalty_shot = play.kind == "penalty_shot" or play.is_penalty_shot
        row["ShotType"] = "Penalty Shot" if is_penalty_shot else play.shot_type
    if play.kind == "goal":
        row["EmptyNet"] = int(play.is_empty_net)
        yield row | {"EventType": "Shot", "ShotResult": "Goal"}
        assists = {f"Assist{n}Id": play.people[f"assist{n}"].id for n in (1, 2) if f"assist{n}" in play.people}
        yield row | assists | {"EventType": "Goal", "MatchClock": play.elapsed + 1}
        return
    result = ("Goal" if play.is_goal else "Saved") if play.kind == "shootout" else _RESULTS.get(play.kind, "")
    yield row | {"EventType": _TYPES[play.kind], "ShotResult": result}


def _people(play: Play) -> Row:
    """Return the columns of the players, with ids like 8470001.0 for the second one."""
    row: Row = {}
    for roles, column in ((_ACTORS, "Player"), (_OTHERS, "OtherPlayer")):
        player = next((play.people[role] for role in roles if role in play.people), None)
        if player:
            row[column] = f"#{player.jersey} {player.name}"
            row[f"{column}Id"] = player.id if column == "Player" else f"{player.id}.0"
    if "goalie" in play.people:
        row["GoalieId"] = play.people["goalie"].id
    return row


def _skaters(play: Play) -> tuple[int, int]:
    """Return the skaters of the acting and the other team, without an extra attacker."""
    home = play.home_skaters - (play.home_goalie is None)
    away = play.away_skaters - (play.away_goalie is None)
    return (home, away) if play.side == "home" else (away, home)


def _event_rows(game: BookGame) -> Iterator[Row]:
    for play in game.plays:
        named = _named(play)
        if named is None or not play.period:
            continue
        own, other = game.team(play.side), game.team(OTHER[play.side])
        goals = (play.home_goals, play.away_goals)
        first, second = _first_and_second(play)
        yield {
            "game_date": f"{game.day.day}/{game.day.month}/{game.day.year}",
            "season_year": game.season,
            "team_name": own.name,
            "opp_team_name": other.name,
            "venue": play.side,
            "period": play.period,
            "clock_seconds": game.period_seconds(play.period) - play.elapsed,
            "situation_type": "" if play.is_penalty_shot else " on ".join(str(count) for count in _skaters(play)),
            "goals_for": goals[play.side != "home"],
            "goals_against": goals[play.side == "home"],
            "player_name": first.name if first else "",
            "player_name_2": second.name if second else "",
            "x_coord": play.x + 100,
            "y_coord": play.y + 42.5,
        } | named


def _named(play: Play) -> Row | None:
    """Return the event of a play and its details; None for a play that these files do not contain."""
    match play.kind:
        case "goal":
            return {"event": "Shot", "event_successful": "t", "event_type": play.shot_type, "event_detail_1": "On Net"}
        case "penalty_shot" if play.is_goal:
            return None  # the goal is a play of its own
        case "shot" | "missed" | "blocked" | "penalty_shot":
            how = {"missed": "Missed", "blocked": "Blocked"}.get(play.kind, "On Net")
            return {"event": "Shot", "event_successful": "f", "event_type": play.shot_type, "event_detail_1": how}
        case "faceoff":
            return {"event": "Faceoff Win", "event_successful": "t"}
        case "takeaway":
            return {"event": "Takeaway", "event_successful": "t"}
        case "penalty":
            return {"event": "Penalty Taken", "event_successful": "t", "event_type": "Tripping"}
        case "giveaway":
            return {"event": "Incomplete Play", "event_successful": "f", "event_type": "Direct"}
    return None


def _first_and_second(play: Play) -> tuple[Player | None, Player | None]:
    first = next((play.people[role] for role in _ACTORS if role in play.people), None)
    return first, next((play.people[role] for role in ("loser", "drawn_by") if role in play.people), None)

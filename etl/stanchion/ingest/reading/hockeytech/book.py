"""Read the summary of a game: the rosters and the official figures."""

from collections.abc import Callable
from typing import Any, Final

from stanchion.ingest.reading.feed import Feed, identifier
from stanchion.ingest.reading.hockeytech.documents import played_seconds
from stanchion.ingest.reading.hockeytech.teams import SUMMARY_SIDES, add_person
from stanchion.ingest.reading.known import inner, items
from stanchion.ingest.reading.league import USUAL_PERIODS
from stanchion.ingest.reading.model import Side
from stanchion.ingest.reading.values import BadValueError, period, text, whole

_SKATER: Final = {
    "goals": "goals",
    "assists": "assists",
    "points": "points",
    "penaltyMinutes": "penalty_minutes",
    "plusMinus": "plus_minus",
    "faceoffWins": "faceoffs_won",
    "shots": "shots_on_goal",
    "hits": "hits",
    "blockedShots": "blocks",
}
_GOALIE_AS_PLAYER: Final = {name: _SKATER[name] for name in ("goals", "assists", "points", "penaltyMinutes")}
_GOALIE: Final = {"shotsAgainst": "shots_against", "saves": "saves", "goalsAgainst": "goals_against"}
_TEAM: Final = {
    "goals": "score_for",
    "shots": "shots_on_goal",
    "hits": "hits",
    "penaltyMinuteCount": "penalty_minutes",
    "faceoffWins": "faceoffs_won",
    "powerPlayGoals": "power_play_goals",
    "powerPlayOpportunities": "power_plays",
}
_DECISIONS: Final = ("W", "L", "OTL", "SOL")
_SHOOTOUT: Final = "SO"


def add_rosters(feed: Feed, summary: dict[str, Any]) -> None:
    """Add the players of both teams to the rosters."""
    position = 0
    for key, side in SUMMARY_SIDES.items():
        for group, usual_position in (("skaters", None), ("goalies", "G")):
            for player in items(summary, key, group):
                with feed.row(position, player, "roster"):
                    if not isinstance(inner(player, "info"), dict):
                        raise BadValueError("The line of the roster does not contain a player.")
                    add_person(feed, side, inner(player, "info"), usual_position)
                position += 1


def add_figures(feed: Feed, summary: dict[str, Any]) -> None:
    """Add the official figures. Figures that cannot be read are left out."""
    for key, side in SUMMARY_SIDES.items():
        decisions = _decisions(items(summary, key, "goalieLog"))
        for player in items(summary, key, "skaters"):
            _try(_add_skater, feed, side, inner(player, "info", "id"), inner(player, "stats"))
        for player in items(summary, key, "goalies"):
            _try(_add_goalie, feed, side, inner(player, "info", "id"), inner(player, "stats"), decisions)
        _try(_add_numbers, feed, "team", side, None, inner(summary, key, "stats"), _TEAM)
    _add_periods(feed, items(summary, "periods"))


def _try(add: Callable[..., None], *values: Any) -> None:
    try:
        add(*values)
    except BadValueError:
        return


def _add_skater(feed: Feed, side: Side, player: Any, stats: Any) -> None:
    _add_numbers(feed, "player", side, player, stats, _SKATER)
    attempts, won = whole(inner(stats, "faceoffAttempts")), whole(inner(stats, "faceoffWins"))
    if attempts is not None and won is not None:
        feed.figure("player", side, player, "faceoffs_lost", attempts - won)
    feed.figure("player", side, player, "seconds", played_seconds(inner(stats, "toi")))


def _add_goalie(feed: Feed, side: Side, player: Any, stats: Any, decisions: dict[str, str]) -> None:
    """Add the figures of a goalie. A goalie who did not play has no time on ice, and no figures."""
    seconds = played_seconds(inner(stats, "timeOnIce"))
    if not seconds:
        return
    _add_numbers(feed, "player", side, player, stats, _GOALIE_AS_PLAYER)
    _add_numbers(feed, "goalie", side, player, stats, _GOALIE)
    feed.figure("goalie", side, player, "seconds", seconds)
    feed.figure("goalie", side, player, "decision", decisions.get(identifier(player) or ""))


def _add_numbers(feed: Feed, scope: Any, side: Side, player: Any, stats: Any, names: dict[str, str]) -> None:
    for name, column in names.items():
        feed.figure(scope, side, player, column, whole(inner(stats, name)))


def _decisions(stays: list[Any]) -> dict[str, str]:
    """Return the decision by goalie. It is repeated in each stay of the goalie in net."""
    found: dict[str, str] = {}
    for stay in stays:
        try:
            result, goalie = text(inner(stay, "result")), identifier(inner(stay, "info", "id"))
        except BadValueError:
            continue
        if goalie and result in _DECISIONS:
            found.setdefault(goalie, result)
    return found


def _add_periods(feed: Feed, periods: list[Any]) -> None:
    """Add the goals of each period, and their sum. Neither contains the goal of a shootout."""
    for side, key in (("home", "homeGoals"), ("away", "visitingGoals")):
        goals: dict[int, int] = {}
        for entry in periods:
            try:
                number = period(inner(entry, "info", "id"), USUAL_PERIODS)
                scored = whole(inner(entry, "stats", key))
            except BadValueError:
                continue
            if scored is not None and number and inner(entry, "info", "shortName") != _SHOOTOUT:
                goals[number] = scored
        for number, scored in goals.items():
            feed.figure("period", side, None, "goals", scored, number)  # type: ignore[arg-type]
        if goals:
            feed.figure("team", side, None, "goals", sum(goals.values()))  # type: ignore[arg-type]

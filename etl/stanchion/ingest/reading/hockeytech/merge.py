"""Build a game from the parts that have arrived: any of events, summary, gamesummary and shifts."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from stanchion.ingest.reading.feed import USUAL_SECONDS, Feed
from stanchion.ingest.reading.hockeytech.book import add_figures, add_rosters
from stanchion.ingest.reading.hockeytech.documents import FORMAT, SHAPES
from stanchion.ingest.reading.hockeytech.goalies import Goalies
from stanchion.ingest.reading.hockeytech.plays import Plays, Row
from stanchion.ingest.reading.hockeytech.shifts import Shift, add_shifts, shifts_in
from stanchion.ingest.reading.hockeytech.teams import Teams
from stanchion.ingest.reading.jsontext import REPLACEMENT
from stanchion.ingest.reading.known import inner, items
from stanchion.ingest.reading.league import USUAL_PERIODS
from stanchion.ingest.reading.model import Game, Lacks
from stanchion.ingest.reading.values import BadValueError, period, seconds, success

_ALWAYS_LACKS: Final[tuple[Lacks, ...]] = ("giveaways", "missed_shots", "passes", "takeaways")
_LACKS_WITHOUT_SHIFTS: Final[tuple[Lacks, ...]] = ("ice_time", "on_ice")
_LACKS_WITHOUT_EVENTS: Final[tuple[Lacks, ...]] = (
    "assists", "blocks", "faceoffs", "goalies", "hits", "penalty_minutes", "plus_minus", "saves", "shootouts",
    "strength",
)  # fmt: skip
_REPLACED: Final = REPLACEMENT.encode()
_LONGEST_PERIOD: Final = 3600


def merge(game_key: str, documents: Mapping[str, bytes]) -> Game:
    """Build the game. The same documents give the same game in any order of arrival."""
    trees = {kind: msgspec.json.decode(documents.get(kind, b"null")) for kind in SHAPES}
    rows: list[Any] = trees["events"] or []
    summary: dict[str, Any] = trees["summary"] or {}
    teams = Teams(summary, rows)
    feed = Feed(
        FORMAT,
        game_key,
        teams.names["home"],
        teams.names["away"],
        played_on=inner(summary, "details", "GameDateISO8601"),
        lacks=_ALWAYS_LACKS,
    )
    feed.flags["text_repaired"] += sum(document.count(_REPLACED) for document in documents.values())
    add_rosters(feed, summary)
    plays = Plays(feed, teams, rows)
    shifts = shifts_in(trees["shifts"] or {})
    feed.period_seconds = _period_seconds(items(trees["gamesummary"], "periods"), plays.rows, shifts)
    goalies = _goalies(plays, summary)
    plays.add(goalies)
    if not plays.rows:
        feed.lacks.update(_LACKS_WITHOUT_EVENTS)
    if not add_shifts(feed, shifts, plays.rows):
        feed.lacks.update(_LACKS_WITHOUT_SHIFTS)
        if not goalies.add_shifts(feed):
            feed.lacks.add("goalie_time")
    add_figures(feed, summary)
    return feed.game()


def _period_seconds(periods: list[Any], rows: list[Row], shifts: list[Shift]) -> dict[str, int]:
    """Return the length of each period and of overtime.

    Without a document that contains it, overtime lasts 20 minutes when there is a second overtime or a clock above 5
    minutes in overtime, and 5 minutes otherwise.
    """
    found = dict(USUAL_SECONDS)
    clocks = [(row.period, row.elapsed) for row in rows]
    clocks += [(shift.period or 0, shift.start) for shift in shifts]
    if any(number > USUAL_PERIODS + 1 or (number > USUAL_PERIODS and (at or 0) > found["OT"]) for number, at in clocks):
        found["OT"] = USUAL_SECONDS["1"]
    for entry in periods:
        number, length = _period(inner(entry, "id")), seconds(inner(entry, "length"))
        if number and length and 0 < length <= _LONGEST_PERIOD:
            found[str(number) if number <= USUAL_PERIODS else "OT"] = int(length)
    return found


def _period(value: Any) -> int:
    """Return the number of a period; 0 when it cannot be read."""
    try:
        return period(value, USUAL_PERIODS)
    except BadValueError:
        return 0


def _goalies(plays: Plays, summary: dict[str, Any]) -> Goalies:
    """Return the goalies in net, from their changes to the end of the game."""
    goalies = Goalies()
    for row in plays.rows:
        if row.event == "goalie_change":
            with plays.feed.row(row.position, plays.raws[row.position]):
                goalies.change(row.side, row.period, row.elapsed, row.details)
    goalies.finish(_end(plays, summary))
    return goalies


def _end(plays: Plays, summary: dict[str, Any]) -> tuple[int, Decimal]:
    """Return the period and the second in which the game ended, or the last row of a game in progress."""
    last = max((row.period for row in plays.rows), default=0)
    moments = [row.elapsed for row in plays.rows if row.period == last and row.elapsed is not None]
    if not _is_final(summary, last):
        return last, max(moments, default=Decimal(0))
    goals = [
        row.elapsed for row in plays.rows if row.period == last and row.event == "goal" and row.elapsed is not None
    ]
    if last > USUAL_PERIODS and goals:
        return last, max(goals)
    return last, Decimal(plays.feed.length(last))


def _is_final(summary: dict[str, Any], last_period: int) -> bool:
    """Return whether the game is over. Without a summary, a game with a third period is."""
    is_final = success(inner(summary, "details", "final"))
    if is_final is not None:
        return is_final
    status = inner(summary, "details", "status")
    return status.startswith("Final") if isinstance(status, str) else last_period >= USUAL_PERIODS

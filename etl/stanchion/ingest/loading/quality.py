"""Quality of a tracked game: its goals, the share of play its stints cover, and the official score to compare."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from stanchion.ingest.reading.goals import goals_of, shootout_goals
from stanchion.ingest.reading.league import regular_periods
from stanchion.ingest.reading.model import Game
from stanchion.ingest.reading.rosters import OTHER

Score = dict[str, dict[str, int]]  # side -> period -> goals

OWN_FLAGS = {
    "day_from_export": "no source has the date of the game, so the date of its first export is used",
    "home_away_swapped": "home and away are swapped compared to the schedule",
    "teams_differ": "the teams differ from the schedule",
    "score_differs": "the final score differs from the official one",
    "score_mirrored": "the final score equals the official one with home and away swapped",
    "period_differs": "the score of a period differs from the official one",
}
SHOOTOUT = "SO"
_LATEST = 30  # a game is over when at most this many seconds are left in its last period


def tracked_score(game: Game) -> Score:
    """Count goals by side and period. A goal that the export contains twice counts once.

    The goal for winning a shootout is in SHOOTOUT, which is no period.
    """
    score: dict[str, dict[str, int]] = {side: defaultdict(int) for side in ("home", "away")}
    for event, side, is_again in goals_of(game.events):
        if not is_again:
            score[side][str(event.period)] += 1
    attempts = {side: shootout_goals(game.events, side) for side in OTHER}
    if attempts["home"] != attempts["away"]:
        score[max(OTHER, key=lambda side: attempts[side])][SHOOTOUT] = 1
    return {side: dict(sorted(periods.items())) for side, periods in score.items()}


def total(score: Score, side: str) -> int:
    """Return the goals of one side over all periods."""
    return sum(score[side].values())


def coverage(game: Game) -> Decimal | None:
    """Return the share of the tracked periods that stints cover.

    None without stints or period lengths, and when the stints are of goalies only.
    """
    if not game.stints or "ice_time" in game.lacks:
        return None
    played = {stint.period for stint in game.stints}
    regular = regular_periods(game.period_seconds)
    length = sum(_seconds(game, period, regular) for period in played)
    covered = sum((stint.start_s - stint.end_s for stint in game.stints), Decimal(0))
    if not length:
        return None
    return min(Decimal(1), covered / length).quantize(Decimal("0.0001"))


def _seconds(game: Game, period: int, regular: int) -> int:
    return game.period_seconds.get(str(period)) or (game.period_seconds.get("OT", 0) if period > regular else 0)


def is_over(game: Game, periods: int) -> bool:
    """Return whether the game was tracked to the end of its last regular period.

    Without stints, any event in that period or later is enough.
    """
    regular = regular_periods(game.period_seconds) or periods
    if not game.stints:
        return any(event.period >= regular for event in game.events)
    return any(stint.period > regular or (stint.period == regular and stint.end_s <= _LATEST) for stint in game.stints)


def compare(
    score: Score, official: tuple[int, int], official_by_period: Score | None, lacks: Iterable[str] = ()
) -> dict[str, int]:
    """Return a flag for each difference from the official score. Both scores must have the same team at home.

    A level game whose source lacks shootouts agrees with an official score in which one side is a goal ahead.
    """
    flags = {}
    tracked = (total(score, "home"), total(score, "away"))
    is_level = "shootouts" in lacks and tracked[0] == tracked[1]
    if tracked != official and not (is_level and sorted(official) == [tracked[0], tracked[0] + 1]):
        flags["score_differs"] = 1
        if tracked == official[::-1]:
            flags["score_mirrored"] = 1
    if official_by_period:
        periods = {(side, period) for side in official_by_period for period in official_by_period[side]}
        differing = {
            period for side, period in periods if score[side].get(period, 0) != official_by_period[side][period]
        }
        if differing:
            flags["period_differs"] = len(differing)
    return flags


def mirrored(score: Score) -> Score:
    """Return the score with home and away swapped."""
    return {"home": score["away"], "away": score["home"]}


def reader_flags(flags: dict[str, Any]) -> dict[str, Any]:
    """Return the flags that the reader set, without the flags that this module adds."""
    return {name: count for name, count in flags.items() if name not in OWN_FLAGS}

"""How far a tracked game can be believed: its goals, what its stints cover, and the official score beside them."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from stanchion.ingest.reading.goals import goals_of
from stanchion.ingest.reading.league import regular_periods
from stanchion.ingest.reading.model import Game

Score = dict[str, dict[str, int]]  # side -> period -> goals

OWN_FLAGS = {
    "day_from_export": "nobody says when the game was: it is on the day of its first export",
    "home_away_swapped": "home and away are the other way round than in the schedule",
    "teams_differ": "the teams are not those of the schedule",
    "score_differs": "the final score is not the official one",
    "score_mirrored": "the final score is the official one with the sides exchanged",
    "period_differs": "the score of a period is not the official one",
}
_LATEST = 30  # seconds left on the clock of the last period when a game is over


def tracked_score(game: Game) -> Score:
    """Goals by side and period. A goal that is in the export twice is one."""
    score: dict[str, dict[str, int]] = {side: defaultdict(int) for side in ("home", "away")}
    for event, side, is_again in goals_of(game.events):
        if not is_again:
            score[side][str(event.period)] += 1
    return {side: dict(sorted(periods.items())) for side, periods in score.items()}


def total(score: Score, side: str) -> int:
    return sum(score[side].values())


def coverage(game: Game) -> Decimal | None:
    """The share of the periods that were tracked which stints cover."""
    if not game.stints:
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
    """Whether it was tracked to the end of its last regular period; without stints, whether that has any event."""
    regular = regular_periods(game.period_seconds) or periods
    if not game.stints:
        return any(event.period >= regular for event in game.events)
    return any(stint.period > regular or (stint.period == regular and stint.end_s <= _LATEST) for stint in game.stints)


def compare(score: Score, official: tuple[int, int], official_by_period: Score | None) -> dict[str, int]:
    """What differs from the official score; both have the same team at home."""
    flags = {}
    tracked = (total(score, "home"), total(score, "away"))
    if tracked != official:
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
    return {"home": score["away"], "away": score["home"]}


def only_readers(flags: dict[str, Any]) -> dict[str, Any]:
    """The flags of the reader, without those that were found by comparing."""
    return {name: count for name, count in flags.items() if name not in OWN_FLAGS}

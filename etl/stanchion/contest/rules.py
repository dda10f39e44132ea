"""The rules of well-known kinds of leagues, as values of the settings of a tenant."""

from typing import Final

_COMMON: Final = {"contest.periods": 3, "contest.period_seconds": 1200, "contest.points_tie": 1}

PRESETS: Final[dict[str, dict[str, int]]] = {
    # overtime of the regular season; the playoffs play whole periods, and their length comes from the source
    "nhl": _COMMON
    | {
        "contest.overtime_seconds": 300,
        "contest.points_win": 2,
        "contest.points_regular_win": 0,
        "contest.points_overtime_loss": 1,
        "contest.points_loss": 0,
    },
    # three points for a win in the regular periods, two for a later one, one for a later loss
    "pwhl": _COMMON
    | {
        "contest.overtime_seconds": 300,
        "contest.points_win": 2,
        "contest.points_regular_win": 1,
        "contest.points_overtime_loss": 1,
        "contest.points_loss": 0,
    },
    # short periods, no overtime, and ties
    "recreational": _COMMON
    | {
        "contest.period_seconds": 900,
        "contest.overtime_seconds": 0,
        "contest.points_win": 2,
        "contest.points_regular_win": 0,
        "contest.points_overtime_loss": 0,
        "contest.points_loss": 0,
    },
}

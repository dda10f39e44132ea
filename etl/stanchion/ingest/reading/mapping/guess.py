"""Guess what the columns and the values of a sample file mean, from their names and contents."""

import re
from collections.abc import Callable, Iterable
from itertools import pairwise
from statistics import median
from typing import Final

from stanchion.ingest.reading.mapping.convert import Cells, truth_of
from stanchion.ingest.reading.mapping.sample import Sample
from stanchion.ingest.reading.values import seconds

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
NAMES: Final[dict[str, tuple[str, ...]]] = {  # by meaning, the likeliest first
    "key": ("match id", "game id", "game pk", "gameid", "matchid", "fixture id", "id"),
    "date": ("game date", "match date", "date", "day", "gamedate", "matchdate", "start date", "start"),
    "home": ("home team", "home team name", "hometeam", "home name", "home"),
    "away": (
        "away team", "away team name", "awayteam", "visiting team", "visitor", "road team", "away name", "away",
    ),
    "own": ("team name", "team"),
    "opponent": ("opp team name", "opponent team", "opponent", "opp team", "opp"),
    "venue": ("venue", "home away", "home or away", "team side", "side", "is home"),
    "team": ("team name", "teamname", "team", "event team", "ev team", "team id", "team abbrev", "owner"),
    "period": ("period", "period number", "per", "period id"),
    "clock": (
        "match clock", "clock", "clock seconds", "period time", "time in period", "time elapsed", "game time",
        "game clock", "seconds elapsed", "time remaining", "elapsed", "seconds", "time",
    ),
    "x": ("x coordinate", "x coord", "x start", "xstart", "x", "xc", "x location", "location x", "pos x", "shot x"),
    "y": ("y coordinate", "y coord", "y start", "ystart", "y", "yc", "y location", "location y", "pos y", "shot y"),
    "event": ("event type", "event name", "event", "eventtype", "action", "play", "type", "type desc key"),
    "strength": ("team strength", "situation type", "strength", "situation", "manpower"),
    "detail": ("shot type", "event type", "detail 1"),
    "minutes": ("penalty minutes", "pim", "minutes", "duration"),
    "gives_power_play": ("is power play", "power play"),
    "goal": ("is goal", "goal", "scored", "event successful", "successful", "success"),
    "empty_net": ("empty net", "is empty net", "emptynet"),
}  # fmt: skip
_PLAYS: Final = (  # the first word that occurs in a value decides
    ("shootout", "shootout"), ("face", "faceoff"), ("block", "blocked"), ("miss", "missed"), ("wide", "missed"),
    ("post", "post"), ("crossbar", "post"), ("goalie", "ignore"), ("goal kick", "ignore"), ("goal", "goal"),
    ("save", "shot"), ("shot", "shot"), ("on net", "shot"), ("on goal", "shot"), ("hit", "hit"), ("check", "hit"),
    ("takeaway", "takeaway"), ("steal", "takeaway"), ("giveaway", "giveaway"), ("puck loss", "giveaway"),
    ("turnover", "giveaway"), ("penalty", "penalty"), ("foul", "penalty"), ("incomplete", "missed_pass"),
    ("pass", "pass"), ("recovery", "recovery"), ("dump", "dump"), ("entry", "zone_entry"), ("exit", "zone_exit"),
)  # fmt: skip
_OUTCOMES: Final = ("goal", "shot", "missed", "blocked", "post")
_MOST_VALUES: Final = 40  # of a column of events


def words(name: str) -> str:
    """Return a name as words in lower case: MatchClock and match_clock are 'match clock', player.id is 'player id'."""
    return " ".join(_WORD.findall(name)).lower()


def find(columns: Iterable[str], meaning: str, fits: Callable[[str], bool] = lambda _: True) -> str | None:
    """Return the likeliest column of a meaning among those that fit. Of a path, the last words decide."""
    named = {column: words(column) for column in columns}
    for wanted in NAMES[meaning]:
        for column, name in named.items():
            is_same = name.replace(" ", "") == wanted.replace(" ", "")
            if (is_same or ("." in column and name.endswith(f" {wanted}"))) and fits(column):
                return column
    return None


def play_of(value: str) -> str | None:
    """Return the play that a value of the column of events probably is."""
    low = words(value) if value.isidentifier() else " ".join(re.split(r"[\W_]+", value.lower()))
    return next((play for word, play in _PLAYS if word in low), None)


def has_few_values(sample: Sample, column: str) -> bool:
    """Return whether a column may contain kinds of events."""
    values = sample.values(column)
    return 1 < len(values) <= _MOST_VALUES and any(map(play_of, values))


def outcome_column(sample: Sample, event: str, value: str) -> tuple[str, list[str]] | None:
    """Return the column that contains the outcome of a shot, and its values in the rows of this event."""
    rows = [cells for cells in sample.cells if str(cells.get(event)) == value]
    best: tuple[str, list[str]] | None = None
    most = 1
    for column in sample.columns:
        if column == event:
            continue
        values = list(dict.fromkeys(str(cells[column]) for cells in rows if column in cells))
        outcomes = {play_of(each) for each in values} & set(_OUTCOMES)
        if len(values) <= 8 and len(outcomes) > most:
            best, most = (column, values), len(outcomes)
    return best


def goal_column(sample: Sample, event: str, value: str) -> tuple[str, str] | None:
    """Return the column that is true for a goal in the rows of this event, and its value."""
    rows = [cells for cells in sample.cells if str(cells.get(event)) == value]

    def fits(column: str) -> bool:
        values = {truth_of(cells.get(column)) for cells in rows if column in cells}
        return True in values and values <= {True, False}

    column = find(sample.columns, "goal", fits)
    if column is None:
        return None
    return column, next(str(cells[column]) for cells in rows if truth_of(cells.get(column)))


def sides_of(sample: Sample, column: str) -> tuple[list[str], list[str]] | None:
    """Return the values for home and for away, if a column contains nothing else."""
    values = list(sample.values(column))
    home = [value for value in values if value.strip().lower() in ("home", "h")]
    away = [value for value in values if value.strip().lower() in ("away", "a", "visitor", "v", "road")]
    return (home, away) if home and away and len(home) + len(away) == len(values) else None


def numbers(cells: Iterable[Cells], column: str) -> list[float]:
    """Return the numbers in a column."""
    found = (seconds(row.get(column)) for row in cells)
    return [float(number) for number in found if number is not None]


def clock_of(sample: Sample, column: str, period: str | None) -> dict[str, str]:
    """Return unit, direction and span of a clock."""
    times: list[tuple[str, float]] = []
    has_colons = any(":" in value for value in sample.values(column))
    for cells in sample.cells:
        if has_colons:
            minutes, _, rest = str(cells.get(column, "")).rpartition(":")
            left, right = seconds(minutes.rpartition(":")[2]), seconds(rest)
            at = None if left is None or right is None else float(left * 60 + right)
        else:
            number = seconds(cells.get(column))
            at = None if number is None else float(number)
        if at is not None:
            times.append((str(cells.get(period, "")) if period else "", at))
    steps = [later - earlier for (one, earlier), (two, later) in pairwise(times) if one == two]
    is_up = sum(step > 0 for step in steps) >= sum(step < 0 for step in steps)
    largest = max((at for _, at in times), default=0)
    unit = "clock" if has_colons else "milliseconds" if largest > 36_000 else "seconds"
    limit = 1300 * (1000 if unit == "milliseconds" else 1)
    return {
        "unit": unit,
        "direction": "up" if is_up else "down",
        "of": "game" if is_up and largest > limit else "period",
    }


def ice_of(sample: Sample, x: str, y: str) -> dict[str, str | float]:
    """Return origin, unit and size of the coordinates."""
    along, across = numbers(sample.cells, x), numbers(sample.cells, y)
    if not along or not across:
        return {"origin": "centre"}
    origin = "centre" if min(*along, *across) < 0 else "corner"
    span = max(map(abs, along)) if origin == "corner" else 2 * max(map(abs, along))
    width = max(map(abs, across)) if origin == "corner" else 2 * max(map(abs, across))
    if span <= 66 and width <= 34:
        return {"origin": origin, "unit": "metres"}
    if span <= 202 and width <= 90:
        return {"origin": origin, "unit": "feet"}
    return {"origin": origin, "length": span, "width": width}


def date_order(values: Iterable[str]) -> str:
    """Return the part that comes first in dates."""
    found = [re.match(r"\s*(\d+)[-/. ](\d+)", value) for value in values]
    firsts = [(int(each[1]), int(each[2])) for each in found if each]
    if not firsts or median(first for first, _ in firsts) > 31:
        return "year"
    return "month" if any(second > 12 for _, second in firsts) else "day"

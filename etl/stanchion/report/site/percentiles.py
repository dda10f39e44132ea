"""Percentiles of players among those with enough games."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from stanchion.report.league import Row

FEWEST = 5  # players below which a percentile means nothing


@dataclass(frozen=True)
class Measure:
    """A figure of a season that players are compared by."""

    name: str
    meaning: str
    column: str
    per_game: bool = False
    digits: int = 2
    is_share: bool = False
    low_is_good: bool = False

    def of(self, row: Row) -> float | None:
        """Return the figure of a row; None when it is not known."""
        value = row[self.column]
        return None if value is None else float(value) / (row["games"] if self.per_game else 1)


SKATER = (
    Measure("Goals per game", "Goals per game", "goals", per_game=True),
    Measure("Assists per game", "Assists per game", "assists", per_game=True),
    Measure("Points per game", "Points per game", "points", per_game=True),
    Measure("Shots on goal per game", "Shots on goal per game", "shots_on_goal", per_game=True),
    Measure("Shooting", "Share of shots on goal that are goals", "shooting_share", is_share=True, digits=1),
    Measure("Expected goals per game", "Expected goals per game", "xg", per_game=True),
    Measure("Goals above expected", "Goals minus expected goals", "goals_above_expected"),
    Measure("Attempts on the ice", "Share of shot attempts while on the ice", "corsi_share", is_share=True, digits=1),
    Measure("Goals expected on the ice", "Share of expected goals on the ice", "xg_on_share", is_share=True, digits=1),
    Measure("Faceoffs", "Share of faceoffs won", "faceoff_share", is_share=True, digits=1),
    Measure("Ice time per game", "Minutes per game", "minutes", digits=1),
)
GOALIE = (
    Measure("Saves", "Share of shots against that are saved", "save_share", is_share=True, digits=1),
    Measure("Goals against", "Goals against per 60 minutes", "goals_against_per_60", low_is_good=True),
    Measure("Goals saved above expected", "Expected goals against minus goals against", "goals_saved_above_expected"),
    Measure("Shutouts", "Shutouts", "shutouts", digits=0),
    Measure("Wins", "Wins", "wins", digits=0),
)


@dataclass(frozen=True)
class Standing:
    """The value of a player for one measure, and the share of players with a value that is not better, 0 to 100."""

    measure: Measure
    value: float
    percentile: int | None  # None for a player with too few games, or among too few players


@dataclass(frozen=True)
class Comparison:
    """The players with enough games, and their values of each measure."""

    measures: Sequence[Measure]
    players: int
    values: dict[str, list[float]]

    def of(self, row: Row) -> list[Standing]:
        """Return the standing of a player for each measure that is known."""
        found = []
        for measure in self.measures:
            value = measure.of(row)
            if value is not None:
                found.append(Standing(measure, value, self._percentile(measure, value, row["has_enough_games"])))
        return found

    def _percentile(self, measure: Measure, value: float, is_compared: bool) -> int | None:
        values = self.values[measure.column]
        if not is_compared or len(values) < FEWEST:
            return None
        below, same = bisect_left(values, value), bisect_right(values, value) - bisect_left(values, value)
        share = (below + same / 2) / len(values)
        return round(100 * (1 - share if measure.low_is_good else share))


def compare(rows: Sequence[Row], measures: Sequence[Measure]) -> Comparison:
    """Return the comparison of the players of a season."""
    enough = [row for row in rows if row["has_enough_games"]]
    values = {
        measure.column: sorted(value for row in enough if (value := measure.of(row)) is not None)
        for measure in measures
    }
    return Comparison(measures, len(enough), values)

"""The pages of the league: standings with points over time, playoff race, leaders with percentiles, and schedule."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from stanchion.report.charts import Line, lines, spark
from stanchion.report.league import Row
from stanchion.report.page import number, share
from stanchion.report.site.percentiles import Comparison, Standing

_LEADERS = 5
_AROUND = 6  # results and games to come on the first page
_MOST_LINES = 12  # teams in one chart; with more, the lines are only in the standings
_COLOURS = 8


def points_over_time(team_games: Mapping[str, Sequence[Row]]) -> tuple[dict[str, Any], Any]:
    """Return a small line per team, and one chart of all teams if there are few.

    Both show the points above those of a team that gets the mean points of all games in each game.
    """
    points = {key: [float(game["points"] or 0) for game in games] for key, games in team_games.items()}
    mean = sum(map(sum, points.values())) / max(sum(map(len, points.values())), 1)
    above = {key: [0.0, *accumulate(value - mean for value in values)] for key, values in points.items()}
    every = [value for values in above.values() for value in values]
    low, high = min(every, default=0), max(every, default=0)
    sparks = {key: spark(values, low, high) for key, values in above.items()}
    return sparks, above if 1 < len(above) <= _MOST_LINES else None


def chart_of_points(above: Mapping[str, Sequence[float]], names: Mapping[str, str]) -> Any:
    """Return the lines of all teams in one chart."""
    ordered = sorted(above, key=lambda key: -above[key][-1])
    drawn = [
        Line(
            names.get(key, key), f"team{place % _COLOURS}", [(float(at), value) for at, value in enumerate(above[key])]
        )
        for place, key in enumerate(ordered)
    ]
    return lines(drawn, max(len(values) for values in above.values()) - 1, 300)


def latest_and_next(games: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """Return the latest results, newest first, and the next games; without those that do not exist."""
    played = [game for game in games if game["home_score"] is not None and game["status"] == "final"]
    to_come = [game for game in games if game["status"] == "scheduled"]
    found = [("Latest results", played[-_AROUND:][::-1]), ("Next games", to_come[:_AROUND])]
    return [(title, of) for title, of in found if of]


def playoff_race(standings: Sequence[Row], games: Sequence[Row], best: float) -> list[Row]:
    """Return for each team the games left, the most points it can reach, and the places that it can end in by points.

    `best` is the most points that a team gets for a game.
    """
    left = Counter(
        key
        for game in games
        if game["status"] == "scheduled" and game["game_type"] != "Playoffs"
        for key in (game["home_team_key"], game["away_team_key"])
    )
    race = []
    for line in standings:
        ours = float(line["points"])
        race.append(line | {"left": left[line["team_key"]], "now": ours, "most": ours + best * left[line["team_key"]]})
    for line in race:
        line["best_place"] = 1 + sum(other["now"] > line["most"] for other in race)
        line["worst_place"] = sum(other["most"] >= line["now"] for other in race)
    return race


def leaders(rows: Sequence[Row], among: Comparison) -> list[tuple[Any, list[tuple[Row, str, int]]]]:
    """Return for each measure its first players, with the value and the percentile."""
    found = []
    by_measure: dict[str, list[tuple[Row, Standing]]] = {}
    for row in rows:
        for standing in among.of(row):
            if standing.percentile is not None:
                by_measure.setdefault(standing.measure.name, []).append((row, standing))
    for measure in among.measures:
        of = sorted(
            by_measure.get(measure.name, []),
            key=lambda each: (each[1].value if measure.low_is_good else -each[1].value, each[0]["person_key"]),
        )[:_LEADERS]
        if of:
            found.append((measure, [(row, shown(standing), standing.percentile or 0) for row, standing in of]))
    return found


def shown(standing: Standing) -> str:
    """Return the value of a measure as text."""
    measure = standing.measure
    return share(standing.value, measure.digits) if measure.is_share else number(standing.value, measure.digits)

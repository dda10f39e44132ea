"""The page of one team: form, special teams, pairs, shots for and against, and every game."""

from collections.abc import Mapping, Sequence
from typing import Any

from stanchion.report.charts import Line, lines
from stanchion.report.league import Row, Rows, grouped
from stanchion.report.page import total
from stanchion.report.site.player import FORM
from stanchion.report.site.rink import heat

_PAIRS = 8


def read_teams(own: Rows, season: str | None, keys: Sequence[str]) -> dict[str, dict[str, list[Row]]]:
    """Return the pairs of skaters and the shots of some teams."""
    pairs = grouped(own("pairs", season=season, teams=list(keys)), "team_key")
    shots = grouped(own("team_shots", season=season, teams=list(keys)), "team_key")
    return {key: {"pairs": pairs.get(key, []), "shots": shots.get(key, [])} for key in keys}


def team_facts(team: Row, found: Mapping[str, list[Row]], games: Sequence[Row], persons: Mapping[str, Row]) -> Row:
    """Return the facts of the page of a team beside its rows of the season."""
    return {
        "team": team,
        "own_games": games,
        "special": _special(games),
        "pairs": _pairs(found["pairs"], persons),
        "maps": _maps(found["shots"], team["team_name"]),
        "own_form": _form(games),
        "games_of_form": FORM,
    }


def _special(games: Sequence[Row]) -> Row:
    """Return power plays and penalty kills of the games whose source records both."""
    of = [game for game in games if game["power_play_goals"] is not None]
    against = [game for game in games if game["power_play_goals_against"] is not None]
    return {
        "goals": total(of, "power_play_goals"),
        "chances": total(of, "power_plays"),
        "goals_against": total(against, "power_play_goals_against"),
        "chances_against": total(against, "power_plays_against"),
    }


def _pairs(pairs: Sequence[Row], persons: Mapping[str, Row]) -> list[tuple[str, list[Row]]]:
    """Return the pairs with the most time together: forwards and defenders where positions are known, or all."""
    groups: dict[str, list[Row]] = {"Forwards": [], "Defenders": [], "Pairs": []}
    for pair in pairs:
        places = [_place(persons.get(pair[column])) for column in ("first_person_key", "second_person_key")]
        if None in places:
            groups["Pairs"].append(pair)
        elif places[0] == places[1]:
            groups[str(places[0])].append(pair)
    return [(name, of[:_PAIRS]) for name, of in groups.items() if of]


def _place(person: Row | None) -> str | None:
    position = (person or {}).get("position")
    return None if not position else "Defenders" if "D" in position.upper() else "Forwards"


def _maps(shots: Sequence[Row], name: str) -> list[tuple[str, Any, int, int, int]]:
    """Return the maps for and against, with the number of attempts, goals, and attempts from the other half."""
    found = []
    for is_own, title in ((True, "Attempts for"), (False, "Attempts against")):
        squares = [row for row in shots if row["is_own"] == is_own]
        if squares:
            most = max(row["attempts"] for row in shots)
            attempts, goals = (sum(row[column] for row in squares) for column in ("attempts", "goals"))
            afar = sum(row["attempts"] for row in squares if row["x"] < 0)
            drawn = heat([(row["x"], row["y"], row["attempts"]) for row in squares], most, f"{title} of {name}")
            found.append((title, drawn, attempts, goals, afar))
    return found


def _form(games: Sequence[Row]) -> Any:
    """Return the goals and the expected goals minus those of the opponents, per game over the last games."""
    if len(games) <= FORM:
        return None
    series = []
    for name, colour, ours, theirs in (
        ("goals", "team0", "score_for", "score_against"),
        ("expected", "team1", "xg", "xg_against"),
    ):
        known = [game for game in games if game[ours] is not None and game[theirs] is not None]
        if len(known) > FORM:
            differences = [float(game[ours] - game[theirs]) for game in known]
            means = [sum(differences[at - FORM : at]) / FORM for at in range(FORM, len(known) + 1)]
            series.append(Line(name, colour, [(float(number), mean) for number, mean in enumerate(means)]))
    return lines(series, max(len(line.points) for line in series) - 1, 140)

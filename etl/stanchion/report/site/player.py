"""The page of one skater or goalie: card, percentiles, shots, form, and every game."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from stanchion.report.charts import Line, lines
from stanchion.report.league import Row, Rows, grouped
from stanchion.report.site.percentiles import Comparison
from stanchion.report.site.rink import Shot, half_rink

_AT_ONCE = 150  # players that are read together
# These lines cannot be in data, which is escaped.
_OPENING, _CLOSING = Markup("<!-- percentiles -->"), Markup("<!-- end of percentiles -->")
FORM = 5  # games of a rolling mean


def read_players(rows: Rows, own: Rows, season: str | None, keys: Sequence[str]) -> Iterator[tuple[str, Row]]:
    """Yield each person with the games as a skater and as a goalie, and the shots of the season."""
    for first in range(0, len(keys), _AT_ONCE):
        some = list(keys[first : first + _AT_ONCE])
        skated = grouped(rows("skater_games", season=season, persons=some), "person_key")
        in_net = grouped(rows("goalie_games", season=season, persons=some), "person_key")
        shots = own("player_shots", season=season, persons=some)
        taken, faced = grouped(shots, "person_key"), grouped(shots, "goalie_person_key")
        for key in some:
            yield (
                key,
                {
                    "skated": skated.get(key, []),
                    "in_net": in_net.get(key, []),
                    "taken": taken.get(key, []),
                    "faced": [shot for shot in faced.get(key, []) if shot["outcome"] in ("goal", "saved")],
                },
            )


def percentile_facts(skater: Row | None, goalie: Row | None, among: Mapping[str, Comparison]) -> Row:
    """Return the facts of the percentiles of a person. A game of others changes them, and nothing else on the page."""
    return {
        "standings": among["skater"].of(skater) if skater else [],
        "net_standings": among["goalie"].of(goalie) if goalie else [],
        "among": among,
    }


def with_percentiles(page: str, percentiles: str) -> str | None:
    """Return a page with other percentiles; None when the page has no place for them."""
    before, opening, rest = page.partition(str(_OPENING))
    _, closing, after = rest.partition(str(_CLOSING))
    return f"{before}{opening}\n{percentiles}{closing}{after}" if closing else None


def player_facts(
    person: Row, found: Row, skater: Row | None, goalie: Row | None, among: Mapping[str, Comparison]
) -> Row:
    """Return the facts of the page of a person."""
    return {
        "person": person,
        "skater": skater,
        "goalie": goalie,
        "skated": found["skated"],
        "in_net": found["in_net"],
        **percentile_facts(skater, goalie, among),
        "opening": _OPENING,
        "closing": _CLOSING,
        "taken": _map(found["taken"], "Shots of the season"),
        "faced": _map(found["faced"], "Shots against in the season"),
        "recent": _form([row["points"] if row["points"] is not None else row["goals"] for row in found["skated"]]),
        "recent_of": "points" if any(row["points"] is not None for row in found["skated"]) else "goals",
        "recent_in_net": _form([row["save_share"] and 100 * row["save_share"] for row in found["in_net"]]),
        "games_of_form": FORM,
    }


def _map(shots: Sequence[Row], label: str) -> Row | None:
    """Return the shots on half a rink, and their number by outcome; None without places."""
    if not shots:
        return None
    drawn = [Shot(float(shot["x"]), float(shot["y"]), shot["outcome"] or "other") for shot in shots]
    outcomes = {"goal": 0, "saved": 0, "missed": 0, "blocked": 0}
    for shot in drawn:
        if shot.outcome in outcomes:
            outcomes[shot.outcome] += 1
    return {
        "rink": half_rink(drawn, f"{label}: {len(drawn)} with a place, {outcomes['goal']} goals"),
        "legend": [
            (name, f"{'goals' if name == 'goal' else name} {count}") for name, count in outcomes.items() if count
        ],
        "from_afar": sum(shot.x < 0 for shot in drawn),
    }


def _form(values: Sequence[float | None]) -> Any:
    """Return the mean of the last games at each game; None with too few games."""
    known = [float(value) for value in values if value is not None]
    if len(known) <= FORM:
        return None
    means = [sum(known[at - FORM : at]) / FORM for at in range(FORM, len(known) + 1)]
    lowest = min(means)
    drawn = Line("", "team0", [(float(game), mean) for game, mean in enumerate(means)])
    # a share of saves is far from 0
    return lines([drawn], max(len(means) - 1, 1), 120, floor=lowest - 1 if lowest > 50 else 0)

"""Fit the model of expected goals, and write its coefficients to the seed of the dbt project.

Run: python -m stanchion.dev.xg fits it on invented games, and with --tenant on the attempts of a tenant's marts.
"""

import argparse
import csv
import io
import math
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from stanchion.dev.sample.shots import KINDS, LAW, Shot, ShotGame
from stanchion.errors import StanchionError
from stanchion.paths import ROOT
from stanchion.server.connection import Connection, connect, find_tenant
from stanchion.server.locate import find_server

SEED_FILE: Final = ROOT / "dbt_project" / "seeds" / "xg_coefficient.csv"
GAMES: Final = 60
SEED: Final = 20_260  # of the invented games; tests use other games
TERMS: Final = tuple(LAW)
_MOST_STEPS: Final = 25
_TOLERANCE: Final = 1e-9
_DECILES: Final = 10
_ATTEMPTS: Final = """
    select x::float8, y::float8, shot_type, coalesce(strength, 'even'), is_rebound, is_rush,
        coalesce(is_empty_net, false), is_penalty_shot, outcome
    from marts.fact_shot
    where tenant_id = %s and x is not null and outcome is not null
    order by game_key, event_no
"""

Row = tuple[tuple[tuple[int, float], ...], bool]  # terms that are not zero by number, and whether it is a goal


@dataclass(frozen=True)
class Fit:
    """Coefficients by term, and their standard errors."""

    coefficients: dict[str, float]
    errors: dict[str, float]


@dataclass(frozen=True)
class Decile:
    """A tenth of the attempts, in the order of their expected goals."""

    attempts: int
    goals: int
    expected: float

    @property
    def difference(self) -> float:
        """Goals less expected goals, for each attempt."""
        return (self.goals - self.expected) / self.attempts


def played(games: int = GAMES, seed: int = SEED) -> Iterator[tuple[Shot, str]]:
    """Yield each shot of the invented games with its outcome."""
    for number in range(games):
        yield from ShotGame(number, seed, 0).shots()


def attempts_of(conn: Connection, tenant: str) -> Iterator[tuple[Shot, str]]:
    """Yield each attempt of a tenant with a place and an outcome, as its marts contain it."""
    kinds = {term: kind for kind, term in KINDS.items()}
    with conn.transaction():
        tenant_id = find_tenant(conn, tenant)
        conn.execute("set local role stanchion_builder")
        for x, y, kind, *context, outcome in conn.execute(_ATTEMPTS, [tenant_id]):
            yield Shot(x, y, kinds.get(kind, "Wrist"), *context), "shot" if outcome == "saved" else outcome


def fit(shots: Iterable[tuple[Shot, str]]) -> Fit:
    """Fit the model on the shots that were not blocked.

    Terms of the logistic law are fitted by Newton's method; a term that no shot has is 0 and has no error. The mean of
    shots without a place, and the share of missed shots, which raises the odds in sources without them, are counted.
    """
    rows: list[Row] = []
    outcomes: Counter[str] = Counter()
    into_empty_nets = 0
    for shot, outcome in shots:
        if outcome == "blocked":
            continue
        outcomes[outcome] += 1
        into_empty_nets += shot.is_empty_net and outcome == "missed"
        terms = shot.terms()
        rows.append((tuple((TERMS.index(name), value) for name, value in terms.items()), outcome == "goal"))
    unblocked = outcomes.total()
    if not 0 < outcomes["goal"] < unblocked or not outcomes["shot"]:
        raise StanchionError("The attempts contain no goal or no save, so no model can be fitted.")
    found, covariance = _newton(rows)
    coefficients = dict(zip(TERMS, found, strict=True))
    missed = outcomes["missed"] - into_empty_nets  # a shot into an empty net is a goal or misses
    coefficients["no_place"] = math.log(outcomes["goal"] / (unblocked - outcomes["goal"]))
    coefficients["no_missed_shots"] = math.log((outcomes["shot"] + missed) / outcomes["shot"])
    occurring = {number for terms, _ in rows for number, _ in terms}
    errors = {name: math.sqrt(covariance[number][number]) for number, name in enumerate(TERMS) if number in occurring}
    return Fit(coefficients, errors)


def deciles(attempts: Iterable[tuple[float, bool]]) -> list[Decile]:
    """Return the calibration: attempts as expected goals and whether they are goals, in ten groups of one size."""
    ordered = sorted(attempts, key=lambda attempt: attempt[0])
    bounds = [len(ordered) * number // _DECILES for number in range(_DECILES + 1)]
    groups = [ordered[low:high] for low, high in pairwise(bounds) if high > low]
    return [Decile(len(of), sum(goal for _, goal in of), sum(xg for xg, _ in of)) for of in groups]


def as_csv(fitted: Fit) -> str:
    """Return the seed."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["term", "coefficient", "standard_error"])
    for name, value in fitted.coefficients.items():
        error = fitted.errors.get(name)
        rows.writerow([name, f"{value:.5f}", "" if error is None else f"{error:.5f}"])
    return text.getvalue()


def read_csv(path: Path = SEED_FILE) -> dict[str, float]:
    """Return the coefficients of a seed."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["term"]: float(row["coefficient"]) for row in csv.DictReader(file)}


def as_table(found: Sequence[Decile]) -> str:
    """Return the calibration as a table of Markdown."""
    lines = ["| tenth | attempts | goals | expected | goals per 100 | expected per 100 |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {number} | {of.attempts} | {of.goals} | {of.expected:.1f} | {100 * of.goals / of.attempts:.1f} "
        f"| {100 * of.expected / of.attempts:.1f} |"
        for number, of in enumerate(found, start=1)
    ]
    return "\n".join(lines)


def expected(shot: Shot, coefficients: Mapping[str, float]) -> float:
    """Return the expected goals of an unblocked shot with a place."""
    return _chance(sum(coefficients[name] * value for name, value in shot.terms().items()))


def _newton(rows: Sequence[Row]) -> tuple[list[float], list[list[float]]]:
    """Return the coefficients with the highest likelihood, and their covariance."""
    size = len(TERMS)
    beta = [0.0] * size
    for _ in range(_MOST_STEPS):
        gradient = [0.0] * size
        information = [[0.0] * size for _ in range(size)]
        for terms, is_goal in rows:
            chance = _chance(sum(beta[number] * value for number, value in terms))
            residual, weight = is_goal - chance, chance * (1 - chance)
            for number, value in terms:
                gradient[number] += residual * value
                row, weighted = information[number], weight * value
                for other, other_value in terms:
                    row[other] += weighted * other_value
        for number in range(size):
            information[number][number] = information[number][number] or 1.0  # a term that no shot has
        covariance = _inverse(information)
        step = [sum(cell * slope for cell, slope in zip(line, gradient, strict=True)) for line in covariance]
        beta = [value + change for value, change in zip(beta, step, strict=True)]
        if max(map(abs, step)) < _TOLERANCE:
            return beta, covariance
    raise StanchionError(f"The fit did not converge in {_MOST_STEPS} steps: too few shots have some of the terms.")


def _chance(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


def _inverse(matrix: Sequence[Sequence[float]]) -> list[list[float]]:
    """Return the inverse by Gauss's method, with the largest pivot of each column."""
    size = len(matrix)
    rows = [[*row, *(float(number == other) for other in range(size))] for number, row in enumerate(matrix)]
    for number in range(size):
        best = max(range(number, size), key=lambda other: abs(rows[other][number]))
        rows[number], rows[best] = rows[best], rows[number]
        pivot = rows[number][number]
        if abs(pivot) < 1e-12:
            raise StanchionError(f"The term {TERMS[number]} always occurs with another one, so it cannot be fitted.")
        rows[number] = [cell / pivot for cell in rows[number]]
        for other in range(size):
            if other != number and (factor := rows[other][number]):
                rows[other] = [cell - factor * own for cell, own in zip(rows[other], rows[number], strict=True)]
    return [row[size:] for row in rows]


def main() -> None:
    """Write the seed, and print its calibration: on other invented games, or on the attempts of the tenant."""
    parser = argparse.ArgumentParser(prog="python -m stanchion.dev.xg", description=__doc__)
    parser.add_argument("--games", type=int, default=GAMES, help="Number of invented games (default: %(default)s).")
    parser.add_argument("--tenant", help="Slug of the tenant whose attempts are fitted (default: invented games).")
    parser.add_argument("--dsn", help="Server of the marts (default: as for stanchion).")
    parser.add_argument("--out", type=Path, default=SEED_FILE, help="File of the seed (default: the dbt project's).")
    chosen = parser.parse_args()
    if chosen.tenant:
        with find_server(chosen.dsn) as server, connect(server) as conn:
            training = others = list(attempts_of(conn, chosen.tenant))
    else:
        training, others = list(played(chosen.games)), list(played(chosen.games, SEED + 1))
    fitted = fit(training)
    chosen.out.write_text(as_csv(fitted), encoding="utf-8")
    unblocked = ((shot, outcome) for shot, outcome in others if outcome != "blocked")
    attempts = [(expected(shot, fitted.coefficients), outcome == "goal") for shot, outcome in unblocked]
    sys.stdout.write(f"{as_csv(fitted)}\n{as_table(deciles(attempts))}\n")


if __name__ == "__main__":
    main()

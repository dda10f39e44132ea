"""Invent the places of shots by a known law, and games in which every goal follows it.

The law gives the probability that an unblocked shot is a goal. Places come from a random stream of their own,
so that the other plays of a game do not depend on them.
"""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypedDict, Unpack

from stanchion.dev.sample.book import OTHER, BookGame, Play

GOAL_LINE: Final = 89.0  # feet from the centre
REBOUND_SECONDS: Final = 3  # after a save of a shot of the same team
RUSH_SECONDS: Final = 4  # after a play in the neutral zone or in the team's own zone
BLUE_LINE: Final = 25.0
# Logistic law: the terms by which a shot differs from a wrist shot at even strength. Distance is in feet, angle in
# degrees from straight in front of the net.
LAW: Final[Mapping[str, float]] = {
    "intercept": -0.9, "distance": -0.045, "angle": -0.012, "snap": 0.1, "slap": 0.2, "backhand": -0.25, "tip": 0.3,
    "power_play": 0.35, "short_handed": -0.15, "rebound": 0.7, "rush": 0.3, "empty_net": 2.6, "penalty_shot": 1.1,
}  # fmt: skip
KINDS: Final[Mapping[str, str]] = {"Snap": "snap", "Slap": "slap", "Backhand": "backhand", "Tip-In": "tip"}
BLOCKED: Final = 0.24  # probability that a shot is blocked, from any place
MISSED: Final = 0.29  # probability that a shot which is neither blocked nor a goal misses the net
_ATTEMPTS: Final = ("shot", "missed", "blocked", "goal", "penalty_shot")
_SHOT_TYPES: Final = {"Wrist": 55, "Snap": 17, "Slap": 12, "Tip-In": 9, "Backhand": 7}
_MOST_DRAWS: Final = 2_000  # of places until one fits its outcome


@dataclass(frozen=True)
class Shot:
    """The terms of the law for one shot. The team attacks x = 100."""

    x: float
    y: float
    kind: str = "Wrist"
    strength: str = "even"
    is_rebound: bool = False
    is_rush: bool = False
    is_empty_net: bool = False
    is_penalty_shot: bool = False

    @property
    def distance(self) -> float:
        return math.hypot(GOAL_LINE - self.x, self.y)

    @property
    def angle(self) -> float:
        return math.degrees(math.atan2(abs(self.y), GOAL_LINE - self.x))

    def terms(self) -> dict[str, float]:
        """Return the value of each term of the law that is not zero."""
        found = {"intercept": 1.0, "distance": self.distance, "angle": self.angle}
        named = (
            None if self.is_penalty_shot else KINDS.get(self.kind),  # sources do not record the type of these
            None if self.strength == "even" else self.strength,
            self.is_rebound and "rebound",
            self.is_rush and "rush",
            self.is_empty_net and "empty_net",
            self.is_penalty_shot and "penalty_shot",
        )
        return found | {name: 1.0 for name in named if name}


class Context(TypedDict, total=False):
    """The terms of a shot that its game decides."""

    strength: str
    is_rebound: bool
    is_rush: bool
    is_empty_net: bool
    is_penalty_shot: bool


def probability(shot: Shot, law: Mapping[str, float] = LAW) -> float:
    """Return the probability that an unblocked shot is a goal."""
    logit = sum(law[name] * value for name, value in shot.terms().items())
    return 1 / (1 + math.exp(-logit))


@dataclass(frozen=True)
class Places:
    """From where teams shoot."""

    slot: float = 0.55  # share of the attempts from the slot
    nearest: float = 62  # feet from the centre: the end of the area at the blue line


def draw_place(rng: random.Random, places: Places = Places()) -> tuple[int, int]:
    """Return a place from which teams shoot: mostly the slot and the blue line, rarely behind the net."""
    where = rng.random()
    if where < places.slot:
        x, y = rng.uniform(58, 87), rng.gauss(0, 12)
    elif where < 0.93:
        x, y = rng.uniform(27, places.nearest), rng.uniform(-38, 38)
    elif where < 0.98:
        x, y = rng.uniform(80, 97), rng.uniform(-34, 34)
    else:
        x, y = rng.uniform(-60, 27), rng.uniform(-38, 38)
    return round(x), round(max(-41.0, min(41.0, y)))


def draw_kind(rng: random.Random) -> str:
    """Return a type of shot."""
    return rng.choices(list(_SHOT_TYPES), list(_SHOT_TYPES.values()))[0]


def draw_shot(
    rng: random.Random,
    is_goal: bool | None,
    kind: str | None = None,
    places: Places = Places(),
    **context: Unpack[Context],
) -> Shot:
    """Return a shot whose place fits its outcome. By Bayes' rule, the law then holds among all shots.

    For that, the share of goals has to be the mean probability of the places. Without an outcome, as of a blocked shot,
    any place fits. Without a type, the type fits too.
    """
    for _ in range(_MOST_DRAWS):
        drawn = kind or draw_kind(rng)
        shot = Shot(*draw_place(rng, places), drawn, **context)
        if is_goal is None or (rng.random() < probability(shot)) == is_goal:
            break
    return shot


def place_shots(game: BookGame, seed: object) -> None:
    """Replace the places and types of the shots of a played game. Every other value of its plays stays."""
    rng = random.Random(f"places {seed} {game.number}")  # noqa: S311
    penalty_shot: Play | None = None
    for number, play in enumerate(game.plays):
        if play.kind not in _ATTEMPTS:
            continue
        if play.is_penalty_shot and play.kind == "goal" and penalty_shot:
            play.x, play.y, play.shot_type = penalty_shot.x, penalty_shot.y, penalty_shot.shot_type
            continue
        is_goal = None if play.kind == "blocked" else play.kind == "goal" or play.is_goal
        shot = draw_shot(rng, is_goal, **context_of(game.plays, number))
        play.x, play.y, play.shot_type = int(shot.x), int(shot.y), shot.kind
        if play.kind == "penalty_shot":
            penalty_shot = play


def context_of(plays: Sequence[Play], number: int) -> Context:
    """Return the terms of the shot with this number among the plays of its game."""
    play = plays[number]
    is_penalty_shot = play.kind == "penalty_shot" or play.is_penalty_shot
    before = [] if is_penalty_shot else _just_before(plays, number)
    return {
        "strength": "even" if is_penalty_shot else play.strength,
        "is_empty_net": play.is_empty_net and not is_penalty_shot,
        "is_penalty_shot": is_penalty_shot,
        "is_rebound": any(
            other.kind == "shot" and other.side == play.side and play.elapsed - other.elapsed <= REBOUND_SECONDS
            for other in before
        ),
        "is_rush": any((other.x if other.side == play.side else -other.x) <= BLUE_LINE for other in before),
    }


def _just_before(plays: Sequence[Play], number: int) -> list[Play]:
    """Return the plays with a place in the last seconds before a play, in its period."""
    play = plays[number]
    return [
        other
        for other in plays[max(0, number - 20) : number]
        if other.period == play.period
        and play.elapsed - other.elapsed <= RUSH_SECONDS
        and other.kind not in ("goalie_change", "shootout")
    ]


class ShotGame(BookGame):
    """A game of many shots, each of which is a goal with the probability of the law."""

    _steps = (1, 5)

    def _ending(self) -> str:
        return "regular"

    def shots(self) -> Iterator[tuple[Shot, str]]:
        """Yield each shot with its outcome: goal, shot (saved), missed or blocked."""
        for number, play in enumerate(self.plays):
            if play.kind not in _ATTEMPTS or (play.kind == "goal" and play.is_penalty_shot):
                continue
            outcome = "goal" if play.is_goal else "shot" if play.kind == "penalty_shot" else play.kind
            yield Shot(play.x, play.y, play.shot_type, **context_of(self.plays, number)), outcome

    def _place_shots(self, seed: int) -> None:
        """Keep the places, which decided the outcomes."""

    def _decide(self, at: int, length: int) -> None:
        """Leave the score as it is, even when it is a tie."""

    def _may_pull(self) -> bool:
        goals = self._goals
        return goals["home"] != goals["away"] and None not in self._goalie.values() and self.rng.random() < 0.3

    def _kind(self) -> str:
        kinds = {"shot": 80, "takeaway": 7, "giveaway": 4, "faceoff": 4, "hit": 4, "penalty": 0.7, "penalty_shot": 0.3}
        return self.rng.choices(list(kinds), list(kinds.values()))[0]

    def _play_trap(self, at: int) -> bool:  # noqa: ARG002 - penalty shots come from _kind
        return False

    def _act(self, kind: str, at: int) -> None:
        if kind not in ("shot", "penalty_shot"):
            super()._act(kind, at)
            return
        rng, side = self.rng, self.rng.choice(list(OTHER))
        if kind == "penalty_shot" and self._goalie[OTHER[side]] is None:
            return
        number = len(self.plays)
        probe = self._new(kind, side, {}, at)
        shot = Shot(*draw_place(rng), draw_kind(rng), **context_of([*self.plays, probe], number))
        is_goal = rng.random() < probability(shot)
        if kind == "penalty_shot":
            self._penalty_shot(side, at, is_goal)
        elif rng.random() < BLOCKED:
            super()._meet("blocked", side, at)
        elif is_goal:
            self._score(side, at)
        else:
            is_missed = shot.is_empty_net or rng.random() < MISSED
            super()._meet("missed" if is_missed else "shot", side, at)
        for play in self.plays[number:]:
            if play.kind in _ATTEMPTS:
                play.x, play.y, play.shot_type = int(shot.x), int(shot.y), shot.kind

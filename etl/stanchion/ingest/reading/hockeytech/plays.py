"""Convert the rows of the events to plays.

A goal is two rows, the shot and the goal, and the shot names the goalie. A goal on a penalty shot has no such shot.
"""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from itertools import islice
from typing import Any, Final, NamedTuple

from stanchion.ingest.reading.feed import Feed, Person, identifier
from stanchion.ingest.reading.hockeytech.goalies import Goalies
from stanchion.ingest.reading.hockeytech.teams import Teams, add_people, row_details, row_event
from stanchion.ingest.reading.known import inner, items
from stanchion.ingest.reading.league import USUAL_PERIODS
from stanchion.ingest.reading.model import Side, Strength
from stanchion.ingest.reading.rosters import OTHER
from stanchion.ingest.reading.values import BadValueError, clock, code, coordinate, period, seconds, success

# rows of one second compared with a goal or a penalty shot; bounds the time for a hostile file
_MAX_COMPARED: Final = 50
_MAX_MINUTES: Final = 100
_CENTRE: Final = (300, 150)  # of the picture of the rink, which is 600 by 300
_FEET_ALONG, _FEET_ACROSS = 1 / 3, 85 / 300
_CLASSES: Final = {2: "Minor", 4: "Minor", 5: "Major", 10: "Misconduct", 20: "Misconduct"}  # by minutes


class Row(NamedTuple):
    """A row of the events, with its period, its clock and the side of its team."""

    position: int
    event: str
    details: dict[str, Any]
    period: int
    elapsed: Decimal | None
    side: Side | None

    def person(self, key: str) -> str | None:
        """Return the id of a player; None when the row does not name one."""
        return identifier(inner(self.details, key, "id"))

    def is_true(self, key: str) -> bool:
        return success(self.details.get(key)) is True


Moment = tuple[Side | None, int, Decimal | None]


class Plays:
    """The rows of a game. `add` adds their plays to a feed."""

    def __init__(self, feed: Feed, teams: Teams, rows: Sequence[Any]) -> None:
        self.feed, self.raws = feed, rows
        self.rows = [row for position, raw in enumerate(rows) if (row := self._read(position, raw, teams))]
        self._shots: dict[Moment, list[Row]] = defaultdict(list)  # of goals, by side, period and clock
        self._fouls: dict[tuple[Side, Decimal | None], list[Row]] = defaultdict(list)
        # the rows of a goal on a penalty shot, by side and scorer: of the penalty shot, and of the goal
        self._penalty_shots: dict[tuple[Side | None, str | None], list[Row]] = defaultdict(list)
        self._penalty_goals: dict[tuple[Side | None, str | None], list[Row]] = defaultdict(list)
        for row in self.rows:
            if row.event == "shot" and row.is_true("isGoal"):
                self._shots[row.side, row.period, row.elapsed].append(row)
            elif row.event == "penaltyshot" and row.is_true("isGoal"):
                self._penalty_shots[row.side, row.person("shooter")].append(row)
            elif row.event == "goal" and success(inner(row.details, "properties", "isPenaltyShot")):
                self._penalty_goals[row.side, row.person("scoredBy")].append(row)
            elif row.event == "penalty" and row.side:
                self._fouls[row.side, row.elapsed].append(row)
        self._punished = {
            foul.position
            for row in self.rows
            if row.event == "penaltyshot" and row.side and (foul := self._foul(row, row.side))
        }
        self._shot_moments = {
            (row.side, row.period, row.elapsed, row.person("shooter")) for row in self.rows if row.event == "shot"
        }

    def _read(self, position: int, raw: Any, teams: Teams) -> Row | None:
        """Return a row with its players on the rosters, or reject it."""
        with self.feed.row(position, raw):
            details = row_details(raw)
            event = row_event(raw)
            if not event or not isinstance(inner(raw, "details"), dict):
                raise BadValueError("The row is not an object with an event and its details.")
            side = teams.side(details)
            add_people(self.feed, side, details)
            number = period(inner(details, "period", "id"), USUAL_PERIODS)
            row = Row(position, event, details, number, clock(details.get("time")), side)
            if side is None and (actor := self.feed.entry(row.person("shooter") or row.person("scoredBy"))):
                row = row._replace(side=actor.side)
            return row
        return None

    def add(self, goalies: Goalies) -> None:
        """Add the plays of all rows, except changes of goalies, which are shifts."""
        for row in self.rows:
            with self.feed.row(row.position, self.raws[row.position]):
                match row.event:
                    case "goalie_change":
                        pass
                    case "faceoff":
                        self._faceoff(row)
                    case "shot":
                        self._shot(row)
                    case "goal":
                        self._goal(row, goalies)
                    case "blocked_shot":
                        self._blocked_shot(row)
                    case "hit":
                        self._play(row, "Hit", people=[_actor(row, "player"), _opponent(row, "onPlayer")])
                    case "penalty":
                        self._penalty(row)
                    case "penaltyshot":
                        self._penalty_shot(row)
                    case "shootout":
                        outcome: Any = "Goal" if row.is_true("isGoal") else "Saved"
                        people = [_actor(row, "shooter"), _opponent(row, "goalie")]
                        self.feed.shootout(outcome, side=row.side, people=people)
                    case _:
                        self._play(row, row.event)

    def _play(self, row: Row, kind: str, *details: str | None, at: Row | None = None, **known: Any) -> None:
        """Add a play of a row, at the time of another row when it is given."""
        at = at or row
        left = self.feed.remaining(at.period, at.details.get("time")) if at.period else None
        side = known.pop("side", row.side)
        self.feed.play(
            at.period, left, kind, *details, side=side, point=_point(row.details), written=row.event, **known
        )

    def _faceoff(self, row: Row) -> None:
        is_home = success(row.details.get("homeWin"))
        if is_home is None:
            raise BadValueError("The faceoff does not contain which side won it.")
        keys = ("homePlayer", "visitingPlayer") if is_home else ("visitingPlayer", "homePlayer")
        people = [_actor(row, keys[0]), _opponent(row, keys[1])]
        self._play(row, "Faceoff", "Faceoff_Won", side="home" if is_home else "away", people=people)

    def _shot(self, row: Row) -> None:
        kind = _of("Shot", row.details.get("shotType"))
        if row.is_true("isGoal"):
            self._play(row, "Shot", "Shot_Goal", kind, people=[_actor(row, "shooter")])
        else:
            self._play(row, "Shot", "Shot_OnNet", kind, people=[_actor(row, "shooter")])
            self._save(row)

    def _save(self, row: Row) -> None:
        """Add the save of a shot. A shot without a goalie has none."""
        if row.person("goalie"):
            side = OTHER[row.side] if row.side else None
            left = self.feed.remaining(row.period, row.details.get("time")) if row.period else None
            self.feed.play(row.period, left, "Save", "Save_Shot", side=side, people=[_actor(row, "goalie")])

    def _blocked_shot(self, row: Row) -> None:
        people = [_actor(row, "shooter"), _opponent(row, "blocker", "BlockedShot")]
        self._play(row, "Shot", "Shot_Blocked", _of("Shot", row.details.get("shotType")), people=people)

    def _goal(self, row: Row, goalies: Goalies) -> None:
        flags = {
            name: success(inner(row.details, "properties", f"is{name}"))
            for name in ("PowerPlay", "ShortHanded", "EmptyNet", "PenaltyShot")
        }
        people = [_actor(row, "scoredBy")]
        for number, helper in enumerate(islice(items(row.details, "assists"), 2)):
            people.append(("event", 2 + number, inner(helper, "id"), ("AssistPrimary", "AssistSecondary")[number]))
        goalie = self._goalie(row, goalies)
        if flags["EmptyNet"] is not True and goalie:
            people.append(("opp", 1, goalie, "GoalAgainst"))
        if not flags["PowerPlay"] and not flags["PenaltyShot"]:
            people += [("event", 9, inner(player, "id"), "Plus") for player in items(row.details, "plus_players")]
            people += [("opp", 9, inner(player, "id"), "Minus") for player in items(row.details, "minus_players")]
        strength: Strength = "power_play" if flags["PowerPlay"] else "short_handed" if flags["ShortHanded"] else "even"
        self._play(
            row,
            "Goal",
            "Goal_Scored",
            "Goal_PenaltyShot" if flags["PenaltyShot"] else None,
            people=people,
            strength=None if flags["PowerPlay"] is None else strength,
            is_empty_net=flags["EmptyNet"],
        )

    def _goalie(self, row: Row, goalies: Goalies) -> str | None:
        """Return the goalie in the shot of a goal or in its penalty shot, or else the goalie who was in net."""
        scorer = row.person("scoredBy")
        shots = self._shots.get((row.side, row.period, row.elapsed), [])[:_MAX_COMPARED]
        shots.sort(key=lambda shot: shot.person("shooter") != scorer)  # two goals may be scored in one second
        for shot in (*shots, *self._penalty_shots.get((row.side, scorer), [])[:_MAX_COMPARED]):
            if goalie := shot.person("goalie"):
                return goalie
        return goalies.in_net(OTHER[row.side], row.period, row.elapsed) if row.side else None

    def _penalty(self, row: Row) -> None:
        """Add a penalty. No player gets the minutes of a bench minor, or of a foul punished by a penalty shot."""
        minutes = self._minutes(row)
        taken, served = row.person("takenBy"), row.person("servedBy")
        is_personal = not row.is_true("isBench") and row.position not in self._punished
        people: list[Person] = [("event", 1, taken, None)] if is_personal else [("event", 2, taken, "TakenBy")]
        if served != taken:
            people.append(("event", 3, served, "ServedBy"))
        name = _CLASSES.get(minutes or 0)
        self.feed.flags["penalty_class_assumed"] += minutes is None
        self._play(
            row,
            "Penalty",
            f"Penalty_{name or 'Minor'}",
            _of("Penalty", row.details.get("description")),
            people=people,
            minutes=minutes,
            gives_power_play=success(row.details.get("isPowerPlay")),
        )

    def _minutes(self, row: Row) -> int | None:
        written = seconds(row.details.get("minutes"))
        if written is None:
            return None
        if not 0 <= written <= _MAX_MINUTES or written != int(written):
            raise BadValueError(f"The minutes of the penalty are not a whole number from 0 to {_MAX_MINUTES}.")
        return int(written)

    def _penalty_shot(self, row: Row) -> None:
        """Add the shot of a penalty shot, at the time of its goal. It has no other row."""
        shooter = row.person("shooter")
        if (row.side, row.period, row.elapsed, shooter) in self._shot_moments:
            return
        people = [_actor(row, "shooter")]
        if row.is_true("isGoal"):
            self._play(row, "Shot", "Shot_Goal", "Shot_PenaltyShot", at=self._goal_of(row), people=people)
        else:
            self._play(row, "Shot", "Shot_OnNet", "Shot_PenaltyShot", people=people)
            self._save(row)

    def _goal_of(self, row: Row) -> Row | None:
        """Return the goal of a penalty shot: the next goal of the player on a penalty shot."""
        goals = self._penalty_goals.get((row.side, row.person("shooter")), [])[:_MAX_COMPARED]
        return next((goal for goal in goals if goal.position > row.position), None)

    def _foul(self, row: Row, side: Side) -> Row | None:
        """Return the foul that a penalty shot punishes: a penalty of the other team at the same clock.

        The periods of the two rows may differ. A penalty that gives a power play is another one.
        """
        fouls = self._fouls.get((OTHER[side], row.elapsed), [])[:_MAX_COMPARED]
        return min(
            fouls,
            key=lambda foul: (
                foul.is_true("isPowerPlay"),
                foul.period != row.period,
                foul.position > row.position,
                abs(foul.position - row.position),
            ),
            default=None,
        )


def _actor(row: Row, key: str) -> Person:
    return "event", 1, inner(row.details, key, "id"), None


def _opponent(row: Row, key: str, mark: str | None = None) -> Person:
    return "opp", 1, inner(row.details, key, "id"), mark


def _of(family: str, written: Any) -> str | None:
    detail = code(written)
    return f"{family}_{detail}" if detail else None


def _point(details: dict[str, Any]) -> tuple[float, float] | None:
    """Return the point in feet from the centre, with the home team attacking x = 100; (0, 0) is a missing point."""
    x, y = coordinate(details.get("xLocation")), coordinate(details.get("yLocation"))
    if x is None or y is None or (x, y) == (0, 0):
        return None
    return (_CENTRE[0] - x) * _FEET_ALONG, (y - _CENTRE[1]) * _FEET_ACROSS

"""Write the plays of a game to a Feed.

The functions decide how the marts count a row: as a shot, a save, a blocked shot or a penalty shot, and for a penalty,
which player gets the minutes.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final, Literal

from stanchion.ingest.reading.feed import Feed, Person
from stanchion.ingest.reading.model import Side
from stanchion.ingest.reading.nhl.power_plays import power_plays
from stanchion.ingest.reading.nhl.rows import Row
from stanchion.ingest.reading.nhl.values import one_word, strength_at
from stanchion.ingest.reading.rosters import OTHER
from stanchion.ingest.reading.values import BadValueError, code

_OPPOSITE: Final[dict[str | None, Literal["o", "d", "n"] | None]] = {"o": "d", "d": "o", "n": "n"}


def add_rows(feed: Feed, rows: Sequence[Row]) -> None:
    """Add the plays in this order. A row that cannot be stored is rejected."""
    gives_power_play = power_plays(rows)
    awarded: tuple[int, Decimal | None, Side] | None = None  # moment and shooting side of a penalty shot
    for number, row in enumerate(rows):
        is_attempt = row.kind in ("shot", "missed", "hit_post", "goal")
        is_penalty_shot = is_attempt and row.side is not None and (row.period, row.left, row.side) == awarded
        if is_penalty_shot:
            awarded = None
        if row.penalty_class == "Penalty_PenaltyShot" and row.side:
            awarded = (row.period, row.left, OTHER[row.side])
        with feed.row(row.position, row.raw):
            _add(feed, row, is_penalty_shot or _is_alone(row), gives_power_play.get(number))


def _is_alone(row: Row) -> bool:
    """Return whether only the shooter and the goalie are on the ice, as at a penalty shot: 0101 or 1010."""
    return row.situation in ("0101", "1010")


def _add(feed: Feed, row: Row, is_penalty_shot: bool, gives_power_play: bool | None) -> None:
    people = row.people
    match row.kind:
        case "shot" | "missed" | "hit_post" | "goal" if row.is_shootout:
            _add_attempt(feed, row)
        case "faceoff":
            _play(feed, row, "Faceoff", "Faceoff_Won", people=_pair(people.get("winner"), people.get("loser")))
        case "hit":
            _play(feed, row, "Hit", people=_pair(people.get("hitter"), people.get("hittee")))
        case "giveaway" | "takeaway":
            _play(feed, row, "Turnover", f"Turnover_{row.kind.capitalize()}", people=_pair(people.get("player")))
        case "shot" | "missed" | "hit_post":
            detail = {"shot": "Shot_OnNet", "missed": "Shot_Missed", "hit_post": "Shot_HitPost"}[row.kind]
            how = _detail("Shot", row.detail, is_penalty_shot)
            _play(feed, row, "Shot", detail, how, people=_pair(people.get("shooter")), is_attempt=True)
            if row.kind == "shot":
                feed.play(
                    row.period, row.left, "Save", "Save_Shot", side=OTHER[row.side] if row.side else None,
                    people=_pair(people.get("goalie")), written=row.written,
                )  # fmt: skip
        case "blocked":
            _add_blocked(feed, row)
        case "goal":
            _add_goal(feed, row, is_penalty_shot)
        case "penalty":
            _add_penalty(feed, row, gives_power_play)
        case _:
            kind = (code(row.written) or "").lower()
            if not kind:
                raise BadValueError("The play has no type.")
            _play(feed, row, kind)


def _pair(first: Any, opponent: Any = None) -> tuple[Person, ...]:
    return ("event", 1, first, None), ("opp", 1, opponent, None)


def _detail(family: str, written: Any, is_penalty_shot: bool) -> str | None:
    named = "PenaltyShot" if is_penalty_shot else one_word(written)
    return f"{family}_{named}" if named else None


def _play(
    feed: Feed, row: Row, kind: str, detail1: str | None = None, detail2: str | None = None, *,
    people: Sequence[Person] = (), is_attempt: bool = False, **recorded: Any,
) -> None:  # fmt: skip
    if is_attempt:
        strength, is_empty_net = row.strength, row.is_empty_net
        if row.situation and row.side:
            strength, is_empty_net = strength_at(row.situation, row.side)
        recorded |= {"strength": strength, "is_empty_net": is_empty_net}
    feed.play(
        row.period, row.left, kind, detail1, detail2, side=row.side, people=people, point=row.point, zone=row.zone,
        written=row.written, **recorded,
    )  # fmt: skip


def _add_attempt(feed: Feed, row: Row) -> None:
    outcome: Literal["Goal", "Saved", "Missed"] = (
        "Goal" if row.kind == "goal" else "Saved" if row.kind == "shot" else "Missed"
    )
    shooter = row.people.get("scorer" if row.kind == "goal" else "shooter")
    feed.shootout(outcome, side=row.side, people=_pair(shooter, row.people.get("goalie")))


def _add_blocked(feed: Feed, row: Row) -> None:
    """Add a blocked shot to the shooter's side. A player who blocks a shot of the own team gets no blocked shot."""
    shooter, blocker = feed.entry(row.people.get("shooter")), feed.entry(row.people.get("blocker"))
    if shooter and shooter.side != row.side:
        row.side, row.zone = shooter.side, _OPPOSITE.get(row.zone)
    is_own = row.is_own_block or (blocker is not None and blocker.side == row.side)
    block: Person = ("opp", 1, row.people.get("blocker"), "BlockedShot")
    if is_own:
        block = ("event", 2, row.people.get("blocker"), None)
    people: tuple[Person, ...] = (("event", 1, row.people.get("shooter"), None), block)
    _play(feed, row, "Shot", "Shot_Blocked", _detail("Shot", row.detail, False), people=people, is_attempt=True)


def _add_goal(feed: Feed, row: Row, is_penalty_shot: bool) -> None:
    people: list[Person] = [
        ("event", 1, row.people.get("scorer"), None),
        ("event", 2, row.people.get("assist1"), "AssistPrimary"),
        ("event", 3, row.people.get("assist2"), "AssistSecondary"),
    ]
    is_empty_net = row.is_empty_net
    if row.situation and row.side:
        _, is_empty_net = strength_at(row.situation, row.side)
    if not is_empty_net:
        people.append(("opp", 1, row.people.get("goalie"), "GoalAgainst"))
    how = _detail("Goal", row.detail, is_penalty_shot)
    _play(feed, row, "Goal", "Goal_Scored", how, people=people, is_attempt=True)


def _add_penalty(feed: Feed, row: Row, gives_power_play: bool | None) -> None:
    """Add a penalty. A player who serves it for another player or for the bench gets no minutes."""
    guilty = None if row.is_bench else row.people.get("committed")
    people: tuple[Person, ...] = (
        ("event", 1, guilty, None),
        ("event", 2, row.people.get("served"), "ServedBy"),
        ("opp", 1, row.people.get("drawn"), "DrewPenalty"),
    )
    detail1 = row.penalty_class
    if detail1 is None:
        feed.flags["penalty_class_assumed"] += 1
        detail1 = "Penalty_Minor"
    if detail1 == "Penalty_Minor" and row.minutes == 4:
        detail1 = "Penalty_DoubleMinor"
    if row.minutes is not None and not 0 <= row.minutes <= 60:
        raise BadValueError("The minutes of the penalty are not a number from 0 to 60.")
    _play(
        feed, row, "Penalty", detail1, _detail("Penalty", row.detail, False), people=people, minutes=row.minutes,
        gives_power_play=gives_power_play,
    )  # fmt: skip

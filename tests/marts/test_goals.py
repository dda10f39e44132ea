"""Compare the two definitions of a goal: of the loader in Python, and of marts.fact_event in SQL."""

import itertools
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from stanchion.ingest.reading.goals import goals_of
from stanchion.ingest.reading.model import Action, Event, Participant, Side
from tests.marts.platform import Platform

SIDES: tuple[Side | None, ...] = ("home", "away", None)


@dataclass(frozen=True)
class Player:
    role: Literal["event", "opp"] | None
    role_no: int | None
    side: Side | None
    jersey: str | None


SCORERS: tuple[tuple[Player, ...], ...] = (
    (),
    (Player("event", 1, "home", "9"),),
    (Player("event", 1, "away", "9"),),
    (Player("event", 1, None, "9"),),
    (Player("event", 1, "home", None),),
    (Player("event", 1, "home", ""),),
    (Player("event", 2, "home", "9"),),
    (Player("opp", 1, "away", "9"),),
    (Player("opp", 1, "away", "4"), Player("event", 2, "home", "7"), Player("event", 1, "home", "8")),
    (Player("event", 1, "home", "8"), Player("event", 1, "home", "9")),
    (Player(None, None, "home", "9"),),
)


def events() -> list[Event]:
    """Every combination of type, detail, side, clock and scorer, in two periods and each of them twice."""
    combinations = itertools.product(
        (1, 2),
        (None, Decimal(500), Decimal("500.5")),
        ("Goal", "Shot"),
        ("Goal_Scored", "Goal_Waved", None),
        SIDES,
        SCORERS,
        range(2),
    )
    return [
        _event(number, period, clock, type_, detail, side, players)
        for number, (period, clock, type_, detail, side, players, _) in enumerate(combinations)
    ]


def _event(
    number: int,
    period: int,
    clock: Decimal | None,
    type_: str,
    detail: str | None,
    side: Side | None,
    players: tuple[Player, ...],
) -> Event:
    return Event(
        event_no=number,
        source_idx=number,
        period=period,
        action=Action(type_, detail, None, type_, detail, None, side, None, None),
        start_s=clock,
        end_s=clock,
        linked_group=None,
        assist_to=None,
        sequence_no=None,
        play_no=None,
        is_highlight=False,
        participants=tuple(
            Participant(place, player.role, player.role_no, player.side, player.jersey, *[None] * 9)  # type: ignore[arg-type]
            for place, player in enumerate(players)
        ),
    )


def test_the_loader_and_the_marts_find_the_same_goals(built: Platform) -> None:
    """A goal is an event of type Goal with detail Goal_Scored and a side.

    It is credited to the side of its scorer. A goal with the period, clock, side and scorer of an earlier one is a
    duplicate; without a clock it never is.
    """
    played = events()
    expected = {event.event_no: side for event, side, is_duplicate in goals_of(played) if not is_duplicate}
    assert 0 < len(expected) < len(list(goals_of(played))) < len(played)

    (game,) = built.rows(
        "select f.tenant_id, f.played_on from contest.fixture as f join core.tenant as t using (tenant_id) "
        "where t.slug = 'ours' and f.game_key = '1001'"
    )
    key = [game["tenant_id"], game["played_on"], "1001"]
    cursor = built.conn.cursor()
    for table in ("play_participant", "play_event"):
        cursor.execute(
            f"delete from contest.{table} where tenant_id = %s and played_on = %s and game_key = %s".encode(), key
        )
    cursor.executemany(
        "insert into contest.play_event "
        "(tenant_id, played_on, game_key, event_no, period, type, detail1, type_raw, side, start_s, is_highlight) "
        "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, false)",
        [
            [*key, e.event_no, e.period, e.action.type, e.action.detail1, e.action.type, e.action.side, e.start_s]
            for e in played
        ],
    )
    cursor.executemany(
        "insert into contest.play_participant "
        "(tenant_id, played_on, game_key, event_no, participant_no, role, role_no, side, jersey) "
        "values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            [*key, e.event_no, p.participant_no, p.role, p.role_no, p.side, p.jersey]
            for e in played
            for p in e.participants
        ],
    )
    built.build("fact_event", full_refresh=True, test=False)

    rows = built.rows(
        "select event_no, credited_side, is_goal from marts.fact_event where tenant_id = %s and game_key = '1001'",
        game["tenant_id"],
    )
    assert len(rows) == len(played)
    assert {row["event_no"]: row["credited_side"] for row in rows if row["is_goal"]} == expected

"""Find the goals among the events of a game, with their scorers.

The marts apply the same definition in SQL (dbt_project/models/marts/game/fact_event.sql), because the loader needs the
score before the events are in the database. tests/marts/test_goals.py compares both on every combination.
"""

from collections.abc import Iterable, Iterator

from stanchion.ingest.reading.model import Event, Participant, Side


def is_goal(event: Event) -> bool:
    """Return whether the event is a goal, as opposed to the shot that led to it."""
    action = event.action
    return action.type == "Goal" and action.detail1 == "Goal_Scored"


def scorer(event: Event) -> Participant | None:
    """Return event player 1, who is credited with the event."""
    return next((person for person in event.participants if person.role == "event" and person.role_no == 1), None)


def shootout_goals(events: Iterable[Event], side: Side) -> int:
    """Count the goals of a side in the shootout."""
    return sum(
        ((scored_by.side if (scored_by := scorer(event)) else None) or event.action.side) == side
        for event in events
        if event.action.type == "Shootout" and event.action.detail1 == "Shootout_Goal"
    )


def goals_of(events: Iterable[Event]) -> Iterator[tuple[Event, Side, bool]]:
    """Yield each goal of a team with the side credited and whether it duplicates an earlier goal.

    The scorer's side is credited; without a scorer, the event's side. A goal without a clock is never a duplicate.
    """
    seen = set()
    for event in events:
        if event.action.side is None or not is_goal(event):
            continue
        scored_by = scorer(event)
        side = (scored_by.side if scored_by else None) or event.action.side
        key = (event.period, event.start_s, side, (scored_by.jersey or "") if scored_by else None)
        yield event, side, event.start_s is not None and key in seen
        seen.add(key)

"""Which events are goals, and whose."""

from collections.abc import Iterable, Iterator

from stanchion.ingest.reading.model import Event, Participant, Side


def is_goal(event: Event) -> bool:
    action = event.action
    return action.type == "Goal" and action.detail1 == "Goal_Scored"


def scorer(event: Event) -> Participant | None:
    """Event player 1, who is credited with what the event counts."""
    return next((person for person in event.participants if person.role == "event" and person.role_no == 1), None)


def goals_of(events: Iterable[Event]) -> Iterator[tuple[Event, Side, bool]]:
    """Goals that are somebody's, the side they are credited to, and whether an earlier one is the same goal."""
    seen = set()
    for event in events:
        if event.action.side is None or not is_goal(event):
            continue
        by = scorer(event)
        side = (by.side if by else None) or event.action.side
        key = (event.period, event.start_s, side, (by.jersey or "") if by else None)
        yield event, side, event.start_s is not None and key in seen
        seen.add(key)

"""Which events are goals, and whose."""

from etl.tracker.model import Event, Participant


def is_goal(event: Event) -> bool:
    action = event.action
    return action.type == "Goal" and action.detail1 == "Goal_Scored"


def scorer(event: Event) -> Participant | None:
    """Event player 1, who is credited with what the event counts."""
    return next((person for person in event.participants if person.role == "event" and person.role_no == 1), None)

"""Compare goals with the players on the ice."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import islice

from stanchion.ingest.reading.goals import goals_of, scorer
from stanchion.ingest.reading.model import Event, Stint

_MAX_GOALS_CHECKED = 500  # goals looked up among the stints; bounds the time for a hostile file


def check_goals(events: Sequence[Event], stints: Sequence[Stint], flags: Counter[str]) -> None:
    """Flag goals outside every stint and scorers who were not on the ice.

    A goal at the moment between two stints belongs to the stint that ends.
    """
    if not stints:
        return
    by_period: dict[int, list[Stint]] = defaultdict(list)
    for stint in stints:
        by_period[stint.period].append(stint)
    for goal, _, _ in islice(goals_of(events), _MAX_GOALS_CHECKED):
        at = goal.start_s
        found = None
        if at is not None:
            in_period = by_period[goal.period]
            found = next((stint for stint in in_period if stint.start_s > at >= stint.end_s), None) or next(
                (stint for stint in in_period if stint.start_s == at), None
            )
        if found is None:
            flags["goal_outside_stints"] += 1
            continue
        scored_by = scorer(goal)
        flags["scorer_not_on_ice"] += scored_by is None or not any(
            player.side == scored_by.side
            and (player.jersey, player.jersey or player.person_key)
            == (scored_by.jersey, scored_by.jersey or scored_by.person_key)
            for player in found.on_ice
        )

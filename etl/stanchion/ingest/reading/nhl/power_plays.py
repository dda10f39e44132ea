"""Decide which penalties give the other side a power play, which the NHL formats do not contain."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from stanchion.ingest.reading.model import Side
from stanchion.ingest.reading.nhl.rows import Row
from stanchion.ingest.reading.rosters import OTHER

_WITHOUT_MAN: Final = {"Penalty_Misconduct", "Penalty_PenaltyShot"}  # after which a team stays at its strength


def power_plays(rows: Sequence[Row]) -> dict[int, bool | None]:
    """Return whether each penalty gives a power play, by the number of its row.

    Misconducts and penalty shots never do. Of the other penalties of one moment, those of both sides with equal minutes
    cancel each other. The penalties that remain give a power play when all are on one side; otherwise the source does
    not show it. A penalty at the end of a period is not decided either, because the game may be over.
    """
    found: dict[int, bool | None] = {}
    moments: dict[tuple[int, Decimal], list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        if row.kind != "penalty" or row.side is None:
            continue
        if row.penalty_class in _WITHOUT_MAN or row.minutes == 0:
            found[number] = False
        elif row.left and row.minutes is not None:
            moments[row.period, row.left].append(number)
    for numbers in moments.values():
        waiting: dict[tuple[Side, int], list[int]] = defaultdict(list)
        for number in numbers:
            row = rows[number]
            match_ = waiting[OTHER[row.side], row.minutes]  # type: ignore[index]
            if match_:
                found[match_.pop(0)] = found[number] = False
            else:
                waiting[row.side, row.minutes].append(number)  # type: ignore[index]
        remaining = [number for group in waiting.values() for number in group]
        if len({rows[number].side for number in remaining}) == 1:
            found |= dict.fromkeys(remaining, True)
    return found

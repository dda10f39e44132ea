"""The rosters of a game, and the side of each participant."""

from collections import Counter
from typing import Final

from stanchion.ingest.reading.model import Entry, Side

OTHER: Final[dict[Side, Side]] = {"home": "away", "away": "home"}


class Rosters:
    """Both rosters of a game, with lookups by side and jersey."""

    def __init__(self, entries: tuple[Entry, ...], flags: Counter[str]) -> None:
        self.entries = entries
        self._people: dict[tuple[Side, str], Entry] = {}
        self._names: dict[tuple[Side, str], str | None] = {}
        for entry in entries:
            if entry.jersey is None:
                continue
            if (entry.side, entry.jersey) in self._people:
                flags["jersey_twice_on_roster"] += 1
            self._people.setdefault((entry.side, entry.jersey), entry)
            self._names[entry.side, entry.jersey] = entry.name

    def person(self, side: Side | None, jersey: str | None) -> str | None:
        """Return the person_key of a player; None when the roster does not list the player."""
        entry = self.entry(side, jersey)
        return entry.person_key if entry else None

    def entry(self, side: Side | None, jersey: str | None) -> Entry | None:
        """Return the first roster line with this jersey; None when there is no line, side or jersey."""
        return self._people.get((side, jersey)) if side and jersey else None

    def side(
        self,
        team: Side | None,
        given: Side | None,
        is_opponent: bool,
        jersey: str | None,
        name: str | None,
        flags: list[str],
    ) -> Side | None:
        """Return the side of a participant: the participant's team, or else the side of the role.

        When only the other side's roster lists the jersey, with the same name, the participant is on that side. Adds to
        `flags` the flags to count.
        """
        by_role = OTHER[team] if team and is_opponent else team
        if given and by_role and given != by_role:
            flags.append("team_against_role")
        side = given or by_role
        if side is None or jersey is None or (side, jersey) in self._people:
            return side
        other = OTHER[side]
        if (other, jersey) not in self._people:
            flags.append("participant_on_no_roster")
            return side
        if self._names[other, jersey] == name:
            flags.append("participant_moved")
            return other
        flags.append("participant_on_other_roster")
        return side

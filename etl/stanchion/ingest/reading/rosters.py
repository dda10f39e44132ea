"""Who is on which side: rosters, and the side of a participant."""

from collections import Counter
from typing import Final

from stanchion.ingest.reading.model import Entry, Side

OTHER: Final[dict[Side, Side]] = {"home": "away", "away": "home"}


class Rosters:
    """Both rosters, asked by side and jersey."""

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
        entry = self.entry(side, jersey)
        return entry.person_key if entry else None

    def entry(self, side: Side | None, jersey: str | None) -> Entry | None:
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
        """The side of a participant: the given team, else what the role says.

        The other roster may veto: it does when the jersey is on it and not on the own one, and the name agrees. What is
        odd about it is added to the flags.
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

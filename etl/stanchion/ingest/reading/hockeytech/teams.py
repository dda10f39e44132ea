"""Find which team is home, and who is on which team.

The summary contains it. Without a summary, the faceoffs do: they name their players as home and visitor, and other
events name the team of the same players. Without faceoffs, the home team is the one that attacks towards x = 0.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from stanchion.ingest.reading.feed import Feed, identifier
from stanchion.ingest.reading.known import inner
from stanchion.ingest.reading.model import Side
from stanchion.ingest.reading.rosters import OTHER
from stanchion.ingest.reading.values import BadValueError, code, coordinate, text

SUMMARY_SIDES: Final[dict[str, Side]] = {"homeTeam": "home", "visitingTeam": "away"}
_TEAM_KEYS: Final = ("shooterTeamId", "teamId", "team_id", "team", "againstTeam", "shooter_team", "shooterTeam")
_CENTRE_X: Final = 300
# the people of a row who are on its team, and those who are on the other one
_TEAM_MATES: Final = ("shooter", "scoredBy", "player", "takenBy", "servedBy", "goalieComingIn", "goalieGoingOut")
_OPPONENTS: Final = ("goalie", "blocker", "onPlayer")
_IS_OWN: Final = {
    **dict.fromkeys((*_TEAM_MATES, "assists", "plus_players"), True),
    **dict.fromkeys((*_OPPONENTS, "minus_players"), False),
}
_OF_SIDE: Final[dict[str, Side]] = {"homePlayer": "home", "visitingPlayer": "away"}


def row_details(row: Any) -> dict[str, Any]:
    """Return the details of a row of the events; an empty object when they are missing."""
    details = inner(row, "details")
    return details if isinstance(details, dict) else {}


def row_event(row: Any) -> str:
    """Return the kind of a row in lower case; '' without one. Raises BadValueError when it cannot be stored."""
    return (code(inner(row, "event")) or "").lower()


def team_id(details: dict[str, Any]) -> str | None:
    """Return the id of the team of a row. Raises BadValueError when it cannot be stored."""
    for key in _TEAM_KEYS:
        value = details.get(key)
        found = identifier(inner(value, "id") if isinstance(value, dict) else value)
        if found:
            return found
    return None


class Teams:
    """The teams of a game: the side by id, and the name by side."""

    def __init__(self, summary: dict[str, Any], rows: Sequence[Any]) -> None:
        self._sides: dict[str, Side] = {}
        self.names: dict[Side, str] = {"home": "", "away": ""}
        infos = {side: inner(summary, key, "info") for key, side in SUMMARY_SIDES.items()}
        ids = {side: _id(inner(info, "id")) for side, info in infos.items()}
        if ids["home"] and ids["away"] and ids["home"] != ids["away"]:
            self._sides = {team: side for side, team in ids.items() if team}
            if all(_name(info) for info in infos.values()):
                self.names = {side: _name(info) or "" for side, info in infos.items()}
                return
        found = _Found(rows)
        self._sides = self._sides or found.sides()
        for team, side in self._sides.items():
            self.names[side] = _name(infos[side]) or found.names.get(team) or team

    def side(self, details: dict[str, Any]) -> Side | None:
        """Return the side of the team of a row; None when the row has another team or none."""
        return self._sides.get(team_id(details) or "")


class _Found:
    """The teams in the events."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self.names: dict[str, str] = {}
        self._teams: Counter[str] = Counter()
        self._of_player: dict[str, str] = {}
        self._faceoffs: dict[Side, list[str]] = {"home": [], "away": []}
        self._shots: dict[str, list[float]] = defaultdict(list)
        for row in rows:
            try:
                self._add(row_event(row), row_details(row))
            except BadValueError:
                continue  # the row is rejected when it is read

    def _add(self, event: str, details: dict[str, Any]) -> None:
        team = team_id(details)
        if event == "faceoff":
            for key, side in _OF_SIDE.items():
                player = identifier(inner(details, key, "id"))
                if player:
                    self._faceoffs[side].append(player)
        if team is None:
            return
        self._teams[team] += 1
        if event == "shot" and (x := coordinate(details.get("xLocation"))) is not None:
            self._shots[team].append(x)
        for key in _TEAM_MATES:
            player = identifier(inner(details, key, "id"))
            if player:
                self._of_player.setdefault(player, team)
        for key in _TEAM_KEYS:
            name = _name(details.get(key))
            if name:
                self.names.setdefault(team, name)

    def sides(self) -> dict[str, Side]:
        """Return the side of the two teams with the most events."""
        teams = sorted(team for team, _ in self._teams.most_common(2))
        if not teams:
            return {}
        home: Counter[str] = Counter(dict.fromkeys(teams, 0))
        for side, sign in (("home", 1), ("away", -1)):
            for player in self._faceoffs[side]:  # type: ignore[index]
                home[self._of_player.get(player, "")] += sign
        if all(home[team] == 0 for team in teams):
            for team in teams:
                home[team] = sum((x < _CENTRE_X) - (x > _CENTRE_X) for x in self._shots[team])
        teams.sort(key=lambda team: -home[team])
        if len(teams) == 1:
            return {teams[0]: "home" if home[teams[0]] >= 0 else "away"}
        return {teams[0]: "home", teams[1]: "away"}


def add_people(feed: Feed, own: Side | None, details: dict[str, Any]) -> None:
    """Add the players of a row of this side to the rosters. Raises BadValueError when a value cannot be stored."""
    for key, value in details.items():
        if key in _OF_SIDE:
            add_person(feed, _OF_SIDE[key], value)
        elif own and key in _IS_OWN:
            side = own if _IS_OWN[key] else OTHER[own]
            for player in value if isinstance(value, list) else [value]:
                add_person(feed, side, player, "G" if key.startswith("goalie") else None)


def add_person(feed: Feed, side: Side, person: Any, position: str | None = None) -> None:
    """Add a player to the roster. Raises BadValueError when a value cannot be stored."""
    if not isinstance(person, dict):
        return
    names = (text(person.get(key)) for key in ("firstName", "lastName"))
    feed.person(
        side,
        person.get("id"),
        person.get("jerseyNumber"),
        " ".join(name for name in names if name),
        person.get("position") or position,
    )


def _id(value: Any) -> str | None:
    try:
        return identifier(value)
    except BadValueError:
        return None


def _name(team: Any) -> str | None:
    """Return the name of a team, or else its abbreviation."""
    for key in ("name", "abbreviation"):
        try:
            found = text(inner(team, key))
        except BadValueError:
            continue
        if found:
            return found
    return None

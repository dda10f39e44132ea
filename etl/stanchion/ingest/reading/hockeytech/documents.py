"""The known fields of the documents of a game, and the parts they become.

`Parameters` of an answer contains the key of the service. It is not a known field.
"""

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.jsontext import MAX_PIECES, TOO_MANY_VALUES
from stanchion.ingest.reading.known import VALUE, Shape, inner, items, known
from stanchion.ingest.reading.model import Part
from stanchion.ingest.reading.values import clock

FORMAT: Final = "hockeytech"
_MAX_PLAYERS: Final = 100  # of a side, in a summary or in shifts; a usual roster has 20
_MAX_SHIFTS: Final = 20_000  # of a game; a usual game has 700
_MINUTES: Final = re.compile(r"\d{1,4}", re.ASCII)


def _values(names: str) -> dict[str, Any]:
    return dict.fromkeys(names.split(), VALUE)


_PERSON: Final = _values("id firstName lastName jerseyNumber position")
_TEAM: Final = _values("id name abbreviation")
_ROLES: Final = (
    "goalieComingIn goalieGoingOut homePlayer visitingPlayer shooter goalie blocker scoredBy player onPlayer takenBy "
    "servedBy"
)
_DETAILS: Final = {
    **_values("time team_id shooterTeamId teamId homeWin isGoal shotType minutes description isPowerPlay isBench"),
    **_values("xLocation yLocation"),
    **dict.fromkeys(_ROLES.split(), _PERSON),
    **dict.fromkeys(("team", "againstTeam", "shooter_team", "shooterTeam"), _TEAM),
    **{key: [_PERSON] for key in ("assists", "plus_players", "minus_players")},
    "period": _values("id"),
    "properties": _values("isPowerPlay isShortHanded isEmptyNet isPenaltyShot"),
}
_SKATER: Final = "goals assists points penaltyMinutes plusMinus faceoffAttempts faceoffWins shots hits blockedShots toi"
_GOALIE: Final = "goals assists points penaltyMinutes timeOnIce shotsAgainst goalsAgainst saves"
_SIDE: Final = {
    "info": _TEAM,
    "stats": _values(
        "shots goals hits powerPlayGoals powerPlayOpportunities penaltyMinuteCount faceoffAttempts faceoffWins"
    ),
    "skaters": [{"info": _PERSON, "stats": _values(_SKATER)}],
    "goalies": [{"info": _PERSON, "stats": _values(_GOALIE)}],
    "goalieLog": [{"info": _values("id"), "result": VALUE}],
}
_LINE_UP: Final = [
    {
        **_values("jersey_number first_name last_name"),
        "shifts": [_values("period start_time end_time")],
    }
]
SHAPES: Final[dict[str, Shape]] = {
    "events": [{"event": VALUE, "details": _DETAILS}],
    "summary": {
        "details": _values("id GameDateISO8601 final status"),
        "homeTeam": _SIDE,
        "visitingTeam": _SIDE,
        "periods": [{"info": _values("id shortName"), "stats": _values("homeGoals visitingGoals")}],
    },
    "gamesummary": {"meta": _values("id"), "periods": [_values("id length")]},
    "shifts": {"home": _LINE_UP, "visitor": _LINE_UP},
}


def part(kind: str, tree: Any) -> Part:
    """Build a part from the tree of a document. Raises UnreadableError when the document has another form."""
    document = known(_UNWRAP.get(kind, lambda tree: tree)(tree), SHAPES[kind])
    if not document:
        raise UnreadableError(f"The {_NAMES[kind]} are not in the form of the service, or are empty.")
    size = _SIZES[kind](document)
    return Part(kind, size, msgspec.json.encode(document, order="sorted"))


def played_seconds(value: Any) -> int | None:
    """Return the seconds of a time on ice like 29:24 or 125:10."""
    minutes, _, rest = value.partition(":") if isinstance(value, str) else ("", "", "")
    at = clock(f"0:{rest}")
    return int(minutes) * 60 + int(at) if at is not None and _MINUTES.fullmatch(minutes) else None


def _gamesummary(tree: Any) -> Any:
    """Return the summary inside an answer, with its periods as a list."""
    found = inner(tree, "GC") or inner(tree, "SiteKit") or tree
    found = inner(found, "Gamesummary") or found
    if not isinstance(found, dict):
        return None
    periods = found.get("periods")
    if isinstance(periods, dict):
        periods = [
            {"id": number, **entry} if "id" not in entry else entry
            for number, entry in periods.items()
            if isinstance(entry, dict)
        ]
    return {"meta": found.get("meta"), "periods": periods}


def _shifts(tree: Any) -> Any:
    found = inner(tree, "SiteKit") or inner(tree, "GC") or tree
    return inner(found, "Gameshifts") or found


def _count_events(document: list[Any]) -> int:
    if len(document) > MAX_PIECES:
        raise UnreadableError(TOO_MANY_VALUES)
    return len(document)


def _count_summary(document: dict[str, Any]) -> int:
    """Return the number of players and the seconds they played, which grow while the game is played."""
    size = 0
    for side in ("homeTeam", "visitingTeam"):
        players = items(document, side, "skaters") + items(document, side, "goalies")
        if len(players) > _MAX_PLAYERS or len(items(document, side, "goalieLog")) > _MAX_PLAYERS:
            raise UnreadableError(f"The summary has more than {_MAX_PLAYERS} players of a team.")
        size += len(players) + sum(
            played_seconds(inner(player, "stats", "toi") or inner(player, "stats", "timeOnIce")) or 0
            for player in players
        )
    if len(items(document, "periods")) > _MAX_PLAYERS:
        raise UnreadableError(f"The summary has more than {_MAX_PLAYERS} periods.")
    return size


def _count_periods(document: dict[str, Any]) -> int:
    if len(items(document, "periods")) > _MAX_PLAYERS:
        raise UnreadableError(f"The summary has more than {_MAX_PLAYERS} periods.")
    return len(items(document, "periods"))


def _count_shifts(document: dict[str, Any]) -> int:
    line_ups = [items(document, side) for side in ("home", "visitor")]
    if max(map(len, line_ups)) > _MAX_PLAYERS:
        raise UnreadableError(f"The shifts are of more than {_MAX_PLAYERS} players of a team.")
    size = sum(len(items(player, "shifts")) for line_up in line_ups for player in line_up)
    if size > _MAX_SHIFTS:
        raise UnreadableError(f"The game has more than {_MAX_SHIFTS} shifts.")
    return size


_UNWRAP: Final[dict[str, Callable[[Any], Any]]] = {"gamesummary": _gamesummary, "shifts": _shifts}
_SIZES: Final[dict[str, Callable[[Any], int]]] = {
    "events": _count_events,
    "summary": _count_summary,
    "gamesummary": _count_periods,
    "shifts": _count_shifts,
}
_NAMES: Final = {
    "events": "events",
    "summary": "box scores",
    "gamesummary": "lengths of the periods",
    "shifts": "shifts",
}

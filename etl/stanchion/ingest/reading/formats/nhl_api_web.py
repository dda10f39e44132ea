"""The NHL's api-web service: play-by-play and box score of a game, and the shift charts of its stats service.

Each of the three documents is a part of the game with the same id. Without the shift charts, the game has no ice time.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.feed import Feed, identifier
from stanchion.ingest.reading.jsontext import Envelope
from stanchion.ingest.reading.known import VALUE, inner, items
from stanchion.ingest.reading.model import Game, Part, Parts, Side
from stanchion.ingest.reading.nhl.plays import add_rows
from stanchion.ingest.reading.nhl.rows import Kind, Row, in_order, lacking
from stanchion.ingest.reading.nhl.shifts import Sides, add_shifts
from stanchion.ingest.reading.nhl.values import (
    SIDES,
    EndedIn,
    decision,
    decoded,
    document,
    figures,
    must_be_list,
    name_of,
    number,
    period_seconds,
    repaired_in,
    situation,
    whole_seconds,
    zone,
)
from stanchion.ingest.reading.recognise import JsonFormat, PartsFormat
from stanchion.ingest.reading.values import BadValueError, period, text, whole

_FORMAT: Final = "nhl api-web"
_NAME: Final[dict[str, Any]] = {"default": VALUE}
_TEAM: Final[dict[str, Any]] = {
    "id": VALUE, "abbrev": VALUE, "commonName": _NAME, "placeName": _NAME, "name": _NAME, "score": VALUE, "sog": VALUE,
}  # fmt: skip
_HEAD: Final[dict[str, Any]] = {
    "id": VALUE, "gameType": VALUE, "gameDate": VALUE, "homeTeam": _TEAM, "awayTeam": _TEAM,
    "gameOutcome": {"lastPeriodType": VALUE}, "repaired": VALUE,
}  # fmt: skip
_PEOPLE: Final = {
    "winningPlayerId": "winner", "losingPlayerId": "loser", "hittingPlayerId": "hitter", "hitteePlayerId": "hittee",
    "playerId": "player", "shootingPlayerId": "shooter", "goalieInNetId": "goalie", "blockingPlayerId": "blocker",
    "scoringPlayerId": "scorer", "assist1PlayerId": "assist1", "assist2PlayerId": "assist2",
    "committedByPlayerId": "committed", "drawnByPlayerId": "drawn", "servedByPlayerId": "served",
}  # fmt: skip
_DETAILS: Final[dict[str, Any]] = dict.fromkeys(
    (*_PEOPLE, "eventOwnerTeamId", "xCoord", "yCoord", "zoneCode", "shotType", "reason", "typeCode", "descKey",
     "duration"), VALUE
)  # fmt: skip
_EVENTS: Final[dict[str, Any]] = _HEAD | {
    "rosterSpots": [
        {"playerId": VALUE, "teamId": VALUE, "firstName": _NAME, "lastName": _NAME, "sweaterNumber": VALUE,
         "positionCode": VALUE}
    ],
    "plays": [
        {"eventId": VALUE, "sortOrder": VALUE, "periodDescriptor": {"number": VALUE, "periodType": VALUE},
         "timeInPeriod": VALUE, "situationCode": VALUE, "typeDescKey": VALUE, "details": _DETAILS}
    ],
}  # fmt: skip
_SKATER_FIGURES: Final = {
    "goals": "goals", "assists": "assists", "points": "points", "plusMinus": "plus_minus", "pim": "penalty_minutes",
    "hits": "hits", "sog": "shots_on_goal", "blockedShots": "blocks", "shifts": "shifts", "giveaways": "giveaways",
    "takeaways": "takeaways",
}  # fmt: skip
_GOALIE_FIGURES: Final = {"shotsAgainst": "shots_against", "saves": "saves", "goalsAgainst": "goals_against"}
_PLAYER: Final[dict[str, Any]] = {
    "playerId": VALUE, "sweaterNumber": VALUE, "name": _NAME, "position": VALUE, "toi": VALUE, "decision": VALUE,
    "saveShotsAgainst": VALUE, **dict.fromkeys((*_SKATER_FIGURES, *_GOALIE_FIGURES), VALUE),
}  # fmt: skip
_GROUPS: Final = ("forwards", "defense", "goalies")
_TEAM_STATISTICS: Final[dict[str, Any]] = {group: [_PLAYER] for group in _GROUPS}
_BOXSCORE: Final[dict[str, Any]] = _HEAD | {
    "playerByGameStats": {"homeTeam": _TEAM_STATISTICS, "awayTeam": _TEAM_STATISTICS}
}
_SHIFTS: Final[dict[str, Any]] = {
    "gameId": VALUE, "missing": VALUE, "repaired": VALUE,
    "data": [dict.fromkeys(
        ("gameId", "playerId", "teamId", "firstName", "lastName", "period", "startTime", "endTime", "duration",
         "typeCode"), VALUE
    )],
}  # fmt: skip
_KINDS: Final[dict[str, Kind]] = {
    "faceoff": "faceoff", "hit": "hit", "giveaway": "giveaway", "takeaway": "takeaway", "shot-on-goal": "shot",
    "missed-shot": "missed", "failed-shot-attempt": "missed", "blocked-shot": "blocked", "goal": "goal",
    "penalty": "penalty",
}  # fmt: skip
_NO_PLAYS: Final = {
    "stoppage", "delayed-penalty", "period-start", "period-end", "game-end", "shootout-complete",
}  # fmt: skip
_CLASSES: Final = {
    "MIN": "Penalty_Minor", "BEN": "Penalty_Minor", "MAJ": "Penalty_Major", "MIS": "Penalty_Misconduct",
    "GAM": "Penalty_Misconduct", "MAT": "Penalty_Match", "PS": "Penalty_PenaltyShot",
}  # fmt: skip
_GAME_ID: Final = re.compile(r"(?<!\d)\d{10}(?!\d)", re.ASCII)
_LARGEST_SIZE: Final = 10**9 - 1


# ---------------------------------------------------------------- the three documents


def _read_events(envelope: Envelope) -> Iterator[Parts]:
    found = _document(envelope, _EVENTS)
    yield _part("events", found, len(items(found, "plays")))


def _read_boxscore(envelope: Envelope) -> Iterator[Parts]:
    """Yield the box score. Its size is the ice time in it, so that a later one replaces one of an unfinished game."""
    found = _document(envelope, _BOXSCORE)
    yield _part("boxscore", found, sum(whole_seconds(inner(line, "toi")) or 0 for _, _, line in _lines(found)))


def _read_shifts(envelope: Envelope) -> Iterator[Parts]:
    """Yield the shifts of each game. The game of an empty list is in the name of its file."""
    found = _document(envelope, {"data": _SHIFTS["data"], "total": VALUE, "repaired": VALUE})
    rows = items(found, "data")
    by_game: dict[str | None, list[Any]] = defaultdict(list)
    for row in rows:
        by_game[_game_key(inner(row, "gameId"))].append(row)
    without_game = by_game.pop(None, [])
    if not by_game:
        named = _GAME_ID.findall(envelope.path)
        if without_game or not named:
            raise UnreadableError("The list of shifts contains no id of a game.")
        by_game[named[-1]] = []
    missing = max(0, (number(found.get("total")) or 0) - len(rows))
    for place, (game_key, of_game) in enumerate(by_game.items()):
        of_game += [] if place else without_game
        part = {"gameId": game_key, "missing": missing, "repaired": repaired_in(found), "data": of_game}
        yield _part("shifts", part, len(of_game), game_key)


def _document(envelope: Envelope, shape: dict[str, Any]) -> dict[str, Any]:
    tree = decoded(envelope, shape)
    for key in ("plays", "rosterSpots", "data"):
        must_be_list(tree, key)
    return document(envelope, tree, shape)


def _part(kind: str, found: Mapping[str, Any], size: int, game_key: str | None = None) -> Parts:
    key = game_key or _game_key(found.get("id"))
    if key is None:
        raise UnreadableError("The document contains no id of a game.")
    part = Part(kind, min(size, _LARGEST_SIZE), msgspec.json.encode(found, order="sorted"))
    return Parts(key, _FORMAT, (part,))


def _game_key(value: Any) -> str | None:
    try:
        return identifier(value)
    except BadValueError as error:
        raise UnreadableError(f"The id of the game cannot be stored: {error}") from None


# ---------------------------------------------------------------- the game


def _merge(game_key: str, parts: Mapping[str, bytes]) -> Game:
    events, boxscore = _kept(parts, "events"), _kept(parts, "boxscore")
    head = events or boxscore
    feed = Feed(
        _FORMAT,
        game_key,
        _team_name(head.get("homeTeam")),
        _team_name(head.get("awayTeam")),
        played_on=inner(head, "gameDate"),
        period_seconds=period_seconds(inner(head, "gameType"), game_key),
    )
    sides = _sides(head)
    _add_rosters(feed, events, boxscore, sides)
    rows = _rows(feed, events, sides)
    add_rows(feed, rows)
    feed.lacks |= lacking(rows)
    shifts = _kept(parts, "shifts")
    has_shifts = "shifts" in parts and add_shifts(feed, shifts, sides, rows)
    if not has_shifts:
        feed.lacks |= {"ice_time", "on_ice", "plus_minus"}
        if not any(row.situation for row in rows):
            feed.lacks.add("strength")
    _add_figures(feed, events, boxscore)
    feed.flags["text_repaired"] += sum(map(repaired_in, (events, boxscore, shifts)))
    return feed.game()


def _kept(parts: Mapping[str, bytes], kind: str) -> dict[str, Any]:
    """Return the document of a kind; an empty one when it has not arrived or is not an object."""
    try:
        found = msgspec.json.decode(parts.get(kind, b"{}"))
    except (msgspec.DecodeError, RecursionError):
        raise UnreadableError(f"The archived {kind} of the game cannot be decoded.") from None
    return found if isinstance(found, dict) else {}


def _team_name(team: Any) -> str | None:
    """Return the place and the name of a team; without them, its abbreviation."""
    try:
        name = name_of(inner(team, "placeName"), inner(team, "commonName") or inner(team, "name"))
        return name or text(inner(team, "abbrev"))
    except BadValueError as error:
        raise UnreadableError(f"The name of a team cannot be stored: {error}") from None


def _sides(head: Mapping[str, Any]) -> dict[str | None, Side]:
    """Return the side of each team by its id."""
    found: dict[str | None, Side] = {}
    for side in SIDES:
        key = _game_key(inner(head, f"{side}Team", "id"))
        if key:
            found[key] = side
    return found


def _side(sides: Sides, team_id: Any) -> Side | None:
    return sides.get(identifier(team_id))


def _lines(boxscore: Mapping[str, Any]) -> Iterator[tuple[Side, str, Any]]:
    """Yield side, group and line of each player of a box score."""
    for side in SIDES:
        for group in _GROUPS:
            for line in items(boxscore, "playerByGameStats", f"{side}Team", group):
                yield side, group, line


def _add_rosters(feed: Feed, events: Mapping[str, Any], boxscore: Mapping[str, Any], sides: Sides) -> None:
    for position, spot in enumerate(items(events, "rosterSpots")):
        with feed.row(position, spot, "roster"):
            side = _side(sides, inner(spot, "teamId"))
            if side is None:
                raise BadValueError("The team of the player is not one of the two teams of the game.")
            feed.person(
                side,
                inner(spot, "playerId"),
                inner(spot, "sweaterNumber"),
                name_of(inner(spot, "firstName"), inner(spot, "lastName")),
                inner(spot, "positionCode"),
            )
    for position, (side, _, line) in enumerate(_lines(boxscore)):
        with feed.row(position, line, "roster"):
            if not isinstance(line, dict):
                raise BadValueError("The line of the box score is not an object.")
            named = name_of(line.get("name"))
            feed.person(side, line.get("playerId"), line.get("sweaterNumber"), named, line.get("position"))


# ---------------------------------------------------------------- plays


def _rows(feed: Feed, events: Mapping[str, Any], sides: Sides) -> list[Row]:
    """Return the plays in the order of play. A play that cannot be stored is rejected."""
    plays = items(events, "plays")
    rows: list[Row] = []
    for position, play in in_order(plays, (inner(play, "sortOrder") for play in plays)):
        with feed.row(position, play):
            row = _row(feed, position, play, sides)
            if row:
                rows.append(row)
    return rows


def _row(feed: Feed, position: int, play: Any, sides: Sides) -> Row | None:
    """Return a play; None for a mark of the clock, such as a stoppage, which the marts do not count."""
    if not isinstance(play, dict):
        raise BadValueError("The play is not an object.")
    written = text(play.get("typeDescKey")) or ""
    if written in _NO_PLAYS:
        return None
    details = play.get("details")
    of_period = period(inner(play, "periodDescriptor", "number"), 3)
    reason = text(inner(details, "reason")) or ""
    kind = _KINDS.get(written, "other")
    if kind == "missed" and ("post" in reason or "hit-crossbar" in reason):
        kind = "hit_post"
    type_code = inner(details, "typeCode")
    people = {role: inner(details, key) for key, role in _PEOPLE.items()}
    x, y = inner(details, "xCoord"), inner(details, "yCoord")
    return Row(
        position=position,
        raw=play,
        kind=kind,
        written=written,
        period=of_period,
        left=feed.remaining(of_period, play.get("timeInPeriod")),
        side=_side(sides, inner(details, "eventOwnerTeamId")),
        people=people,
        detail=inner(details, "descKey" if kind == "penalty" else "shotType"),
        zone=zone(inner(details, "zoneCode")),
        point=None if x is None and y is None else (x, y),
        situation=situation(play.get("situationCode")),
        penalty_class=_CLASSES.get(type_code) if isinstance(type_code, str) else None,
        minutes=whole(inner(details, "duration")),
        is_bench=type_code == "BEN",
        is_own_block="teammate" in reason,
        is_shootout=inner(play, "periodDescriptor", "periodType") == "SO",
    )


# ---------------------------------------------------------------- official figures


def _add_figures(feed: Feed, events: Mapping[str, Any], boxscore: Mapping[str, Any]) -> None:
    ended_in = _ended_in(events) or _ended_in(boxscore)
    for position, (side, group, line) in enumerate(_lines(boxscore)):
        if not isinstance(line, dict):
            continue
        with feed.row(position, line, "roster"):
            person = line.get("playerId")
            _add_player(feed, side, person, line)
            if group == "goalies":
                _add_goalie(feed, side, person, line, ended_in)
    for side in SIDES:
        team = inner(boxscore or events, f"{side}Team")
        with feed.row(0, team, "roster"):
            score = {"score_for": inner(team, "score"), "shots_on_goal": inner(team, "sog")}
            if ended_in in ("REG", "OT"):
                score["goals"] = inner(team, "score")
            figures(feed, "team", side, None, score)


def _ended_in(document: Mapping[str, Any]) -> EndedIn:
    found = inner(document, "gameOutcome", "lastPeriodType")
    return found if found in ("REG", "OT", "SO") else None


def _add_player(feed: Feed, side: Side, person: Any, line: Mapping[str, Any]) -> None:
    figures(feed, "player", side, person, {column: line.get(key) for key, column in _SKATER_FIGURES.items()})
    figures(feed, "player", side, person, {"seconds": whole_seconds(line.get("toi"))})


def _add_goalie(feed: Feed, side: Side, person: Any, line: Mapping[str, Any], ended_in: EndedIn) -> None:
    found: dict[str, Any] = {column: line.get(key) for key, column in _GOALIE_FIGURES.items()}
    saves, _, shots = str(line.get("saveShotsAgainst") or "").partition("/")
    if found["saves"] is None and found["shots_against"] is None:
        found |= {"saves": saves, "shots_against": shots}
    found["seconds"] = whole_seconds(line.get("toi"))
    figures(feed, "goalie", side, person, found)
    feed.figure("goalie", side, person, "decision", decision(line.get("decision"), ended_in))


FORMATS = (
    JsonFormat("nhl play-by-play", (("plays",), ("rosterSpots",)), _read_events, of=_FORMAT),
    JsonFormat("nhl boxscore", (("playerByGameStats",),), _read_boxscore, of=_FORMAT),
    JsonFormat("nhl shiftcharts", (("data",), ("total",)), _read_shifts, of=_FORMAT),
    PartsFormat(_FORMAT, _merge, {"events": _EVENTS, "boxscore": _BOXSCORE, "shifts": _SHIFTS}),
)

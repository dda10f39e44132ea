"""The NHL's statsapi `feed/live`, in use until 2023: plays, box score and players of one game in one document.

A copy of an unfinished game is a revision of the game. Its time stamp orders the revisions.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.feed import Feed, identifier
from stanchion.ingest.reading.jsontext import Envelope
from stanchion.ingest.reading.known import VALUE, inner, items
from stanchion.ingest.reading.model import Game, Side, Strength
from stanchion.ingest.reading.nhl.plays import add_rows
from stanchion.ingest.reading.nhl.rows import Kind, Row, in_order, lacking
from stanchion.ingest.reading.nhl.values import (
    SIDES,
    EndedIn,
    decision,
    decoded,
    document,
    figures,
    known_id,
    must_be_list,
    period_seconds,
    repaired_in,
    whole_seconds,
)
from stanchion.ingest.reading.recognise import JsonFormat
from stanchion.ingest.reading.rosters import OTHER
from stanchion.ingest.reading.values import BadValueError, moment, period, text, whole

_FORMAT: Final = "nhl statsapi"
_TEAM: Final[dict[str, Any]] = {"id": VALUE, "name": VALUE, "abbreviation": VALUE}
_SKATER_FIGURES: Final = {
    "goals": "goals", "assists": "assists", "shots": "shots_on_goal", "hits": "hits", "blocked": "blocks",
    "penaltyMinutes": "penalty_minutes", "faceOffWins": "faceoffs_won", "takeaways": "takeaways",
    "giveaways": "giveaways", "plusMinus": "plus_minus",
}  # fmt: skip
_GOALIE_FIGURES: Final = {"goals": "goals", "assists": "assists", "pim": "penalty_minutes"}  # of the goalie as a player
_TEAM_FIGURES: Final = {
    "goals": "goals", "pim": "penalty_minutes", "shots": "shots_on_goal", "powerPlayGoals": "power_play_goals",
    "powerPlayOpportunities": "power_plays", "takeaways": "takeaways", "giveaways": "giveaways",
    "hits": "hits",
}  # fmt: skip
_SKATER: Final[dict[str, Any]] = dict.fromkeys((*_SKATER_FIGURES, "faceoffTaken", "timeOnIce"), VALUE)
_GOALIE: Final[dict[str, Any]] = dict.fromkeys((*_GOALIE_FIGURES, "shots", "saves", "timeOnIce", "decision"), VALUE)
_BOX_OF_TEAM: Final[dict[str, Any]] = {
    "team": {"id": VALUE},
    "teamStats": {"teamSkaterStats": dict.fromkeys(_TEAM_FIGURES, VALUE)},
    "players": [
        {"person": {"id": VALUE, "fullName": VALUE}, "jerseyNumber": VALUE, "position": {"code": VALUE},
         "stats": {"skaterStats": _SKATER, "goalieStats": _GOALIE}}
    ],
    "scratches": [VALUE],
}  # fmt: skip
_GAME_DATA: Final[dict[str, Any]] = {
    "game": {"type": VALUE}, "datetime": {"dateTime": VALUE}, "teams": {"home": _TEAM, "away": _TEAM},
    "players": [{"id": VALUE, "fullName": VALUE, "primaryNumber": VALUE, "primaryPosition": {"code": VALUE}}],
}  # fmt: skip
_PLAY: Final[dict[str, Any]] = {
    "players": [{"player": {"id": VALUE}, "playerType": VALUE}],
    "result": {
        "eventTypeId": VALUE, "secondaryType": VALUE, "strength": {"code": VALUE}, "emptyNet": VALUE,
        "penaltySeverity": VALUE, "penaltyMinutes": VALUE,
    },
    "about": {"eventIdx": VALUE, "period": VALUE, "periodType": VALUE, "periodTime": VALUE},
    "coordinates": {"x": VALUE, "y": VALUE},
    "team": {"id": VALUE},
}  # fmt: skip
_SCORE: Final[dict[str, Any]] = {"goals": VALUE}
_LIVE_DATA: Final[dict[str, Any]] = {
    "plays": {"allPlays": [_PLAY]},
    "linescore": {
        "teams": {"home": _SCORE, "away": _SCORE},
        "periods": [{"num": VALUE, "periodType": VALUE, "home": _SCORE, "away": _SCORE}],
    },
    "boxscore": {"teams": {"home": _BOX_OF_TEAM, "away": _BOX_OF_TEAM}},
    "decisions": {"loser": {"id": VALUE}},
}  # fmt: skip
_SHAPE: Final[dict[str, Any]] = {
    "gamePk": VALUE, "metaData": {"timeStamp": VALUE}, "gameData": _GAME_DATA, "liveData": _LIVE_DATA,
    "repaired": VALUE,
}  # fmt: skip
_KINDS: Final[dict[str, Kind]] = {
    "FACEOFF": "faceoff", "HIT": "hit", "GIVEAWAY": "giveaway", "TAKEAWAY": "takeaway", "SHOT": "shot",
    "MISSED_SHOT": "missed", "BLOCKED_SHOT": "blocked", "GOAL": "goal", "PENALTY": "penalty",
}  # fmt: skip
_NO_PLAYS: Final = {
    "GAME_SCHEDULED", "PERIOD_READY", "PERIOD_START", "PERIOD_END", "PERIOD_OFFICIAL", "STOP", "GAME_END",
    "GAME_OFFICIAL", "SHOOTOUT_COMPLETE", "EARLY_INT_START", "EARLY_INT_END", "CHALLENGE", "EMERGENCY_GOALTENDER",
}  # fmt: skip
_ROLES: Final = {
    "Winner": "winner", "Loser": "loser", "Hitter": "hitter", "Hittee": "hittee", "PlayerID": "player",
    "Shooter": "shooter", "Goalie": "goalie", "Blocker": "blocker", "Scorer": "scorer", "PenaltyOn": "committed",
    "DrewBy": "drawn", "ServedBy": "served",
}  # fmt: skip
_STRENGTHS: Final[dict[Any, Strength]] = {"EVEN": "even", "PPG": "power_play", "SHG": "short_handed"}
_CLASSES: Final = (  # the first that the severity contains
    ("penalty shot", "Penalty_PenaltyShot"), ("misconduct", "Penalty_Misconduct"), ("match", "Penalty_Match"),
    ("major", "Penalty_Major"), ("minor", "Penalty_Minor"),
)  # fmt: skip
_AFTER_MIDNIGHT: Final = timedelta(hours=5)  # games start in UTC up to five hours after the end of their day


def _read(envelope: Envelope) -> Iterator[Game]:
    tree = decoded(envelope, _SHAPE)
    _list_players(tree.get("gameData"))
    for side in SIDES:
        _list_players(inner(tree, "liveData", "boxscore", "teams", side))
    must_be_list(inner(tree, "liveData", "plays"), "allPlays")
    found = {"gameData": {}, "liveData": {}} | document(envelope, tree, _SHAPE)  # which an archived document needs
    yield _Reading(found).game(msgspec.json.encode(found))


def _list_players(owner: Any) -> None:
    """Replace the players by id, such as ID8470001, by a list of them. The archived document contains the list."""
    players = inner(owner, "players")
    if isinstance(players, dict):
        owner["players"] = [players[key] for key in sorted(players)]
    must_be_list(owner, "players")


class _Reading:
    """One document, and the game that has been read from it so far."""

    def __init__(self, found: Mapping[str, Any]) -> None:
        self.found = found
        self.box: dict[Side, Any] = {side: inner(found, "liveData", "boxscore", "teams", side) for side in SIDES}
        teams = {side: inner(found, "gameData", "teams", side) for side in SIDES}
        try:
            game_key = identifier(found.get("gamePk"))
            names = {
                side: text(inner(team, "name")) or text(inner(team, "abbreviation")) for side, team in teams.items()
            }
            ids = {
                side: identifier(inner(team, "id")) or identifier(inner(self.box[side], "team", "id"))
                for side, team in teams.items()
            }
        except BadValueError as error:
            raise UnreadableError(f"The gamePk or a team of the game cannot be stored: {error}") from None
        if game_key is None:
            raise UnreadableError("The gamePk of the game is empty.")
        self.sides: dict[str | None, Side] = {ids[side]: side for side in SIDES if ids[side]}
        started = moment(inner(found, "gameData", "datetime", "dateTime"))
        self.feed = Feed(
            _FORMAT,
            game_key,
            names["home"],
            names["away"],
            played_on=_day_of(started),
            period_seconds=period_seconds(inner(found, "gameData", "game", "type"), game_key),
            lacks=("ice_time", "on_ice", "plus_minus"),
        )
        self.feed.flags["text_repaired"] = repaired_in(found)
        self.ended_in: EndedIn = "REG"

    def game(self, archived: bytes) -> Game:
        self._add_rosters()
        plays = items(self.found, "liveData", "plays", "allPlays")
        rows: list[Row] = []
        for position, play in in_order(plays, (inner(play, "about", "eventIdx") for play in plays)):
            with self.feed.row(position, play):
                row = self._row(position, play)
                if row:
                    rows.append(row)
        add_rows(self.feed, rows)
        self.feed.lacks |= lacking(rows)
        if any(row.is_shootout for row in rows):
            self.ended_in = "SO"
        elif any(row.period > 3 for row in rows):
            self.ended_in = "OT"
        self._add_figures()
        return self.feed.game(archived, _time_stamp(inner(self.found, "metaData", "timeStamp")))

    # ---------------------------------------------------------------- players

    def _lines(self) -> Iterator[tuple[int, Side, dict[str, Any]]]:
        """Yield position, side and line of each dressed player of the box score."""
        position = 0
        for side in SIDES:
            scratched = {known_id(person) for person in items(self.box[side], "scratches")}
            for line in items(self.box[side], "players"):
                if isinstance(line, dict) and known_id(inner(line, "person", "id")) not in scratched:
                    yield position, side, line
                position += 1

    def _add_rosters(self) -> None:
        by_id = {known_id(inner(person, "id")): person for person in items(self.found, "gameData", "players")}
        for position, side, line in self._lines():
            with self.feed.row(position, line, "roster"):
                person = inner(line, "person", "id")
                known = by_id.get(known_id(person))
                shirt = text(line.get("jerseyNumber")) or inner(known, "primaryNumber")
                named = text(inner(line, "person", "fullName")) or inner(known, "fullName")
                played = text(inner(line, "position", "code"))
                position_code = inner(known, "primaryPosition", "code") if played in (None, "N/A") else played
                self.feed.person(side, person, shirt, named, position_code)

    # ---------------------------------------------------------------- plays

    def _row(self, position: int, play: Any) -> Row | None:
        """Return a play; None for a mark of the clock, such as a stoppage, which the marts do not count."""
        if not isinstance(play, dict):
            raise BadValueError("The play is not an object.")
        result, about = play.get("result"), play.get("about")
        written = text(inner(result, "eventTypeId")) or ""
        if written in _NO_PLAYS:
            return None
        kind = _KINDS.get(written, "other")
        number = period(inner(about, "period"), 3)
        side = self.sides.get(identifier(inner(play, "team", "id")))
        if kind == "blocked" and side:
            side = OTHER[side]  # the team of the row is the blocker's
        severity = (text(inner(result, "penaltySeverity")) or "").lower()
        is_empty_net = inner(result, "emptyNet")
        x, y = inner(play, "coordinates", "x"), inner(play, "coordinates", "y")
        return Row(
            position=position,
            raw=play,
            kind=kind,
            written=written,
            period=number,
            left=self.feed.remaining(number, inner(about, "periodTime")),
            side=side,
            people=_people(play, severity.startswith("bench")),
            detail=inner(result, "secondaryType"),
            point=None if x is None and y is None else (x, y),
            strength=_STRENGTHS.get(text(inner(result, "strength", "code"))) if kind == "goal" else None,
            is_empty_net=is_empty_net if kind == "goal" and isinstance(is_empty_net, bool) else None,
            penalty_class=next((named for part, named in _CLASSES if part in severity), None),
            minutes=whole(inner(result, "penaltyMinutes")),
            is_bench=severity.startswith("bench"),
            is_shootout=inner(about, "periodType") == "SHOOTOUT",
        )

    # ---------------------------------------------------------------- official figures

    def _add_figures(self) -> None:
        for position, side, line in self._lines():
            with self.feed.row(position, line, "roster"):
                self._add_player(side, inner(line, "person", "id"), line)
        linescore = inner(self.found, "liveData", "linescore")
        for side in SIDES:
            team = inner(self.box[side], "teamStats", "teamSkaterStats")
            with self.feed.row(0, team, "roster"):
                figures(self.feed, "team", side, None, {name: inner(team, key) for key, name in _TEAM_FIGURES.items()})
                figures(self.feed, "team", side, None, {"score_for": inner(linescore, "teams", side, "goals")})
        for position, row in enumerate(items(linescore, "periods")):
            with self.feed.row(position, row, "roster"):
                number = whole(inner(row, "num"))
                if number and 0 < number <= 99 and inner(row, "periodType") != "SHOOTOUT":
                    for side in SIDES:
                        figures(self.feed, "period", side, None, {"goals": inner(row, side, "goals")}, number)

    def _add_player(self, side: Side, person: Any, line: Mapping[str, Any]) -> None:
        skater, goalie = inner(line, "stats", "skaterStats"), inner(line, "stats", "goalieStats")
        own, named = (goalie, _GOALIE_FIGURES) if isinstance(goalie, dict) else (skater, _SKATER_FIGURES)
        figures(self.feed, "player", side, person, {column: inner(own, key) for key, column in named.items()})
        figures(self.feed, "player", side, person, {"seconds": whole_seconds(inner(own, "timeOnIce"))})
        won, taken = whole(inner(skater, "faceOffWins")), whole(inner(skater, "faceoffTaken"))
        if won is not None and taken is not None:
            figures(self.feed, "player", side, person, {"faceoffs_lost": taken - won})
        if not isinstance(goalie, dict):
            return
        line_of_goalie = {"shots_against": goalie.get("shots"), "saves": goalie.get("saves")}
        figures(self.feed, "goalie", side, person, {name: whole(value) for name, value in line_of_goalie.items()})
        figures(self.feed, "goalie", side, person, {"seconds": whole_seconds(goalie.get("timeOnIce"))})
        loser = known_id(inner(self.found, "liveData", "decisions", "loser", "id"))
        decided = goalie.get("decision") or ("L" if loser and loser == known_id(person) else None)
        self.feed.figure("goalie", side, person, "decision", decision(decided, self.ended_in))


def _people(play: Mapping[str, Any], is_bench: bool) -> dict[str, Any]:
    """Return the ids of the players by their part. The player of a bench minor serves it."""
    people: dict[str, Any] = {}
    assists = iter(("assist1", "assist2"))
    for entry in items(play, "players"):
        player_type = text(inner(entry, "playerType"))
        role = next(assists, None) if player_type == "Assist" else _ROLES.get(player_type or "")
        if is_bench and role == "committed":
            role = "served"
        if role:
            people.setdefault(role, inner(entry, "player", "id"))
    return people


def _day_of(started: datetime | None) -> datetime | None:
    """Return the day of the game in North America, given its start in UTC."""
    try:
        return started - _AFTER_MIDNIGHT if started else None
    except OverflowError:
        return None


def _time_stamp(value: Any) -> datetime | None:
    """Return the time of a stamp such as 20190101_235959, which is in UTC."""
    try:
        return datetime.strptime(value, "%Y%m%d_%H%M%S").replace(tzinfo=UTC) if isinstance(value, str) else None
    except ValueError:
        return None


FORMATS = (JsonFormat(_FORMAT, (("gamePk",), ("gameData",), ("liveData",)), _read),)

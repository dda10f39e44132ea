"""Write an invented game as the documents of the NHL's api-web service: play-by-play, box score and shift charts."""

from typing import Any, Final

from stanchion.dev.sample.book import OTHER, BookGame, Play, Player, Side
from stanchion.dev.sample.nhl import (
    SHOOTOUT,
    Differences,
    clock,
    decision,
    game_id,
    has_point,
    official,
    point,
    position,
    written_plays,
)

_TYPES: Final = {
    "faceoff": "faceoff", "shot": "shot-on-goal", "missed": "missed-shot", "blocked": "blocked-shot", "goal": "goal",
    "hit": "hit", "giveaway": "giveaway", "takeaway": "takeaway", "penalty": "penalty", "penalty_shot": "shot-on-goal",
}  # fmt: skip
_CLASSES: Final = {
    "minor": "MIN", "double minor": "MIN", "major": "MAJ", "misconduct": "MIS", "bench": "BEN", "penalty shot": "PS",
}  # fmt: skip
_ROLES: Final = {
    "winner": "winningPlayerId", "loser": "losingPlayerId", "shooter": "shootingPlayerId", "goalie": "goalieInNetId",
    "blocker": "blockingPlayerId", "scorer": "scoringPlayerId", "assist1": "assist1PlayerId",
    "assist2": "assist2PlayerId", "hitter": "hittingPlayerId", "hittee": "hitteePlayerId", "player": "playerId",
    "taken_by": "committedByPlayerId", "drawn_by": "drawnByPlayerId", "served_by": "servedByPlayerId",
}  # fmt: skip


def play_by_play(game: BookGame) -> dict[str, Any]:
    """Return the play-by-play. It also has marks of the clock and a shot that a player of the own team blocked."""
    plays: list[dict[str, Any]] = []
    period = 0
    for play in written_plays(game):
        number = SHOOTOUT if play.kind == "shootout" else play.period
        if number != period:
            if period:
                plays.append(_mark(game, period, "period-end", game.period_seconds(period)))
            plays.append(_mark(game, number, "period-start", 0))
            period = number
        if play.kind == "penalty":
            plays.append(_mark(game, number, "delayed-penalty", play.elapsed) | {"details": _owner(game, play.side)})
        plays.append(_play(game, play, number))
        if play.kind == "penalty":
            plays.append(_mark(game, number, "stoppage", play.elapsed) | {"details": {"reason": "hand-pass"}})
    plays.append(_mark(game, period, "game-end", 0 if period == SHOOTOUT else game.period_seconds(period)))
    blocked = next((play for play in plays if play["typeDescKey"] == "blocked-shot"), None)
    if blocked:
        plays.insert(plays.index(blocked) + 1, _own_block(game, blocked))
    for order, play_ in enumerate(plays):
        play_["eventId"] = 1 + order * 37 % len(plays) if len(plays) % 37 else order  # not in the order of play
        play_["sortOrder"] = 8 + order * 3
    return _head(game) | {
        "rosterSpots": [_spot(game, side, player) for side in OTHER for player in game.team(side).players],
        "plays": plays,
    }


def boxscore(game: BookGame, differences: Differences | None = None) -> dict[str, Any]:
    """Return the box score, in which the given figures differ from the plays."""
    truth = official(game, differences or {})
    head = _head(game)
    for side in OTHER:
        head[f"{side}Team"] |= {"score": truth.score[side], "sog": truth.teams[side]["shots_on_goal"]}
    groups: dict[str, Any] = {}
    for side in OTHER:
        found: dict[str, list[dict[str, Any]]] = {"forwards": [], "defense": [], "goalies": []}
        for player in game.team(side).players:
            counted = truth.players[side, player.id]
            line = {
                "playerId": player.id,
                "sweaterNumber": int(player.jersey),
                "name": {"default": f"{player.first[0]}. {player.last}"},
                "position": position(player),
                "toi": clock(counted["seconds"]),
                "pim": counted["penalty_minutes"],
            }
            if player.position == "G":
                goalie = truth.goalies[side, player.id]
                written = decision(game, goalie.get("decision"))
                line |= {
                    "evenStrengthShotsAgainst": f"{goalie['saves']}/{goalie['shots_against']}",
                    "saveShotsAgainst": f"{goalie['saves']}/{goalie['shots_against']}",
                    "goalsAgainst": goalie["goals_against"],
                    "shotsAgainst": goalie["shots_against"],
                    "saves": goalie["saves"],
                    "starter": bool(written),
                } | ({"decision": written} if written else {})
                found["goalies"].append(line)
                continue
            taken = counted["faceoffs_won"] + counted["faceoffs_lost"]
            line |= {
                "goals": counted["goals"],
                "assists": counted["assists"],
                "points": counted["points"],
                "plusMinus": counted["plus_minus"],
                "hits": counted["hits"],
                "powerPlayGoals": 0,
                "sog": counted["shots_on_goal"],
                "faceoffWinningPctg": counted["faceoffs_won"] / taken if taken else 0,
                "blockedShots": counted["blocks"],
                "shifts": counted["shifts"],
                "giveaways": counted["giveaways"],
                "takeaways": counted["takeaways"],
            }
            found["defense" if position(player) == "D" else "forwards"].append(line)
        groups[f"{side}Team"] = found
    return head | {"playerByGameStats": groups, "summary": {}}


def shiftcharts(game: BookGame) -> dict[str, Any]:
    """Return the shift charts, with a row of no length for each goal."""
    numbers: dict[int, int] = {}
    rows: list[dict[str, Any]] = []
    for shift in sorted(game.shifts, key=lambda shift: (shift.player.id, shift.period, shift.start)):
        numbers[shift.player.id] = numbers.get(shift.player.id, 0) + 1
        row = _shift_row(game, shift.side, shift.player, shift.period, shift.start, shift.end)
        rows.append(row | {"duration": clock(shift.end - shift.start), "shiftNumber": numbers[shift.player.id]})
    for play in game.plays:
        if play.kind == "goal":
            row = _shift_row(game, play.side, play.people["scorer"], play.period, play.elapsed, play.elapsed)
            helpers = [play.people[role].name for role in ("assist1", "assist2") if role in play.people]
            rows.append(
                row
                | {"duration": None, "shiftNumber": 0, "typeCode": 505, "eventDescription": "EVG"}
                | {"eventDetails": ", ".join(helpers) or None}
            )
    return {"data": rows, "total": len(rows)}


def _head(game: BookGame) -> dict[str, Any]:
    last = {"regular": "REG", "overtime": "OT", "shootout": "SO"}[game.ended_in]
    return {
        "id": game_id(game),
        "season": game.season * 10_000 + game.season + 1,
        "gameType": 3 if game.is_playoff else 2,
        "gameDate": game.day.isoformat(),
        "venue": {"default": "Invented Arena"},
        "gameState": "OFF",
        "awayTeam": _team(game, "away"),
        "homeTeam": _team(game, "home"),
        "gameOutcome": {"lastPeriodType": last},
    }


def _team(game: BookGame, side: Side) -> dict[str, Any]:
    team = game.team(side)
    place, _, name = team.name.rpartition(" ")
    return {
        "id": team.id,
        "abbrev": team.abbrev,
        "commonName": {"default": name, "fr": f"Les {name}"},
        "placeName": {"default": place},
        "score": game.truth.score[side],
        "sog": game.truth.teams[side]["shots_on_goal"],
    }


def _spot(game: BookGame, side: Side, player: Player) -> dict[str, Any]:
    return {
        "teamId": game.team(side).id,
        "playerId": player.id,
        "firstName": {"default": player.first},
        "lastName": {"default": player.last},
        "sweaterNumber": int(player.jersey),
        "positionCode": position(player),
        "headshot": f"https://example.invalid/{player.id}.png",
    }


def _mark(game: BookGame, period: int, written: str, elapsed: int) -> dict[str, Any]:
    length = 0 if period == SHOOTOUT and not game.is_playoff else game.period_seconds(period)
    kind = "REG" if period <= 3 else "SO" if period == SHOOTOUT and not game.is_playoff else "OT"
    return {
        "periodDescriptor": {"number": period, "periodType": kind, "maxRegulationPeriods": 3},
        "timeInPeriod": clock(elapsed if length else 0),
        "timeRemaining": clock(max(0, length - elapsed)),
        "situationCode": "1551",
        "homeTeamDefendingSide": "left" if period % 2 else "right",
        "typeDescKey": written,
    }


def _owner(game: BookGame, side: Side) -> dict[str, Any]:
    return {"eventOwnerTeamId": game.team(side).id}


def _play(game: BookGame, play: Play, period: int) -> dict[str, Any]:
    written = _TYPES.get(play.kind) or ("goal" if play.is_goal else "shot-on-goal")
    details = _owner(game, play.side)
    roles = dict(_ROLES)
    if written == "goal" and play.kind == "shootout":
        roles["shooter"] = "scoringPlayerId"
    details |= {roles[role]: player.id for role, player in play.people.items() if role in roles}
    if has_point(play):
        details |= dict(zip(("xCoord", "yCoord"), point(play, period), strict=True))
    details["zoneCode"] = "O" if play.x > 25 else "D" if play.x < -25 else "N"
    if written in ("goal", "shot-on-goal", "missed-shot"):
        details["shotType"] = play.shot_type.lower()
    if written == "missed-shot":
        details["reason"] = "wide-right" if play.y % 2 else "hit-right-post"
    if written == "blocked-shot":
        details["reason"] = "blocked"
    if written == "penalty":
        minutes = 0 if play.severity == "penalty shot" else play.minutes
        details |= {"typeCode": _CLASSES[play.severity], "descKey": "hooking", "duration": minutes}
    situation = (
        f"{int(play.away_goalie is not None)}{play.away_skaters}{play.home_skaters}{int(play.home_goalie is not None)}"
    )
    if play.kind in ("shootout", "penalty_shot") or play.is_penalty_shot:
        situation = "1010" if play.side == "home" else "0101"
    return _mark(game, period, written, play.elapsed) | {"situationCode": situation, "details": details}


def _own_block(game: BookGame, blocked: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of a blocked shot in which another player of the shooter's team blocked it."""
    details = dict(blocked["details"])
    side = next(side for side in OTHER if game.team(side).id == details["eventOwnerTeamId"])
    blocker = next(player for player in game.team(side).players if player.id != details["shootingPlayerId"])
    return blocked | {"details": details | {"blockingPlayerId": blocker.id, "reason": "teammate-blocked"}}


def _shift_row(game: BookGame, side: Side, player: Player, period: int, start: int, end: int) -> dict[str, Any]:
    team = game.team(side)
    return {
        "id": player.id * 1000 + period * 100 + start % 100,
        "gameId": game_id(game),
        "playerId": player.id,
        "teamId": team.id,
        "teamAbbrev": team.abbrev,
        "teamName": team.name,
        "firstName": player.first,
        "lastName": player.last,
        "period": period,
        "startTime": clock(start),
        "endTime": clock(end),
        "typeCode": 517,
        "detailCode": 0,
        "eventDescription": None,
        "eventDetails": None,
    }

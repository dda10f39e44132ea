"""Write an invented game as the NHL's statsapi `feed/live`."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from stanchion.dev.sample.book import OTHER, BookGame, Play, Player, Side, Truth
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
    "faceoff": "FACEOFF", "shot": "SHOT", "missed": "MISSED_SHOT", "blocked": "BLOCKED_SHOT", "goal": "GOAL",
    "hit": "HIT", "giveaway": "GIVEAWAY", "takeaway": "TAKEAWAY", "penalty": "PENALTY", "penalty_shot": "SHOT",
}  # fmt: skip
_ROLES: Final = {
    "winner": "Winner", "loser": "Loser", "shooter": "Shooter", "blocker": "Blocker", "scorer": "Scorer",
    "assist1": "Assist", "assist2": "Assist", "goalie": "Goalie", "hitter": "Hitter", "hittee": "Hittee",
    "player": "PlayerID", "taken_by": "PenaltyOn", "drawn_by": "DrewBy",
}  # fmt: skip
_SEVERITIES: Final = {
    "minor": "Minor", "double minor": "Double Minor", "major": "Major", "misconduct": "Misconduct",
    "bench": "Bench Minor", "penalty shot": "Penalty Shot",
}  # fmt: skip
_STRENGTHS: Final = {"even": "EVEN", "power_play": "PPG", "short_handed": "SHG"}


def feed_live(game: BookGame, differences: Differences | None = None, plays: int | None = None) -> dict[str, Any]:
    """Return the document, in which the given figures differ from the plays.

    With a number of `plays`, the game is not over: the document contains only these plays, and no official figures.
    """
    written = written_plays(game)
    chosen = written if plays is None else written[:plays]
    stamp = datetime(game.day.year, game.day.month, game.day.day, 19, 30, tzinfo=UTC) + timedelta(hours=5)
    rows: list[dict[str, Any]] = []
    for play in chosen:
        rows.append(_play(game, play))
        if play.kind == "penalty":
            rows.append(_mark(play.period, play.elapsed, "STOP"))
    for index, row in enumerate(rows):
        row["about"] |= {"eventIdx": index, "eventId": 1 + index * 53 % max(1, len(rows))}
    truth = official(game, differences or {}) if plays is None else None
    teams = {side: _team(game, side) for side in OTHER}
    return {
        "copyright": "Invented.",
        "gamePk": game_id(game),
        "link": f"/api/v1/game/{game_id(game)}/feed/live",
        "metaData": {"wait": 10, "timeStamp": (stamp + timedelta(seconds=len(rows))).strftime("%Y%m%d_%H%M%S")},
        "gameData": {
            "game": {"pk": game_id(game), "season": str(game.season), "type": "P" if game.is_playoff else "R"},
            "datetime": {"dateTime": stamp.strftime("%Y-%m-%dT%H:%M:%SZ")},  # on the next day in UTC
            "status": {"detailedState": "In Progress" if plays is not None else "Final"},
            "teams": teams,
            "players": {
                f"ID{player.id}": {
                    "id": player.id,
                    "fullName": player.name,
                    "primaryNumber": player.jersey,
                    "currentTeam": {"id": 99},
                    "primaryPosition": {"code": position(player)},
                }
                for side in OTHER
                for player in game.team(side).players
            },
        },
        "liveData": {
            "plays": {"allPlays": rows, "scoringPlays": [], "currentPlay": rows[-1] if rows else None},
            "linescore": _linescore(chosen, truth),
            "boxscore": {"teams": {side: _box(game, side, truth) for side in OTHER}},
            "decisions": {},
        },
    }


def _team(game: BookGame, side: Side) -> dict[str, Any]:
    team = game.team(side)
    return {"id": team.id, "name": team.name, "abbreviation": team.abbrev, "link": f"/api/v1/teams/{team.id}"}


def _mark(period: int, elapsed: int, written: str) -> dict[str, Any]:
    kind = "REGULAR" if period <= 3 else "OVERTIME"
    about = {"period": period, "periodType": kind, "periodTime": clock(elapsed)}
    return {"result": {"event": written.title(), "eventTypeId": written}, "about": about, "coordinates": {}}


def _play(game: BookGame, play: Play) -> dict[str, Any]:
    written = _TYPES.get(play.kind) or ("GOAL" if play.is_goal else "SHOT")
    row = _mark(play.period, play.elapsed, written)
    owner = OTHER[play.side] if play.kind == "blocked" else play.side  # the team of a blocked shot is the blocker's
    people = dict(play.people)
    result = row["result"]
    if written == "GOAL":
        people = {"scorer": people["scorer"] if "scorer" in people else people["shooter"]} | {
            role: player for role, player in people.items() if role not in ("scorer", "shooter")
        }
        result |= {"strength": {"code": _STRENGTHS[play.strength]}, "emptyNet": play.is_empty_net}
    if written in ("GOAL", "SHOT"):
        result["secondaryType"] = play.shot_type if play.shot_type == "Tip-In" else f"{play.shot_type} Shot"
    if play.kind == "penalty":
        minutes = 0 if play.severity == "penalty shot" else play.minutes
        result |= {"secondaryType": "Hooking", "penaltySeverity": _SEVERITIES[play.severity], "penaltyMinutes": minutes}
        if play.severity == "bench":
            people["taken_by"] = people["served_by"]
    if play.kind == "shootout":
        row["about"] = {"period": SHOOTOUT, "periodType": "SHOOTOUT", "periodTime": "00:00"}
    row["players"] = [
        {"player": {"id": player.id, "fullName": player.name}, "playerType": _ROLES[role]}
        for role, player in people.items()
        if role in _ROLES
    ]
    at = map(float, point(play, row["about"]["period"]))
    row["coordinates"] = dict(zip(("x", "y"), at, strict=True)) if has_point(play) else {}
    row["team"] = {"id": game.team(owner).id, "name": game.team(owner).name}
    return row


def _linescore(plays: list[Play], truth: Truth | None) -> dict[str, Any]:
    goals = Counter((play.side, play.period) for play in plays if play.kind == "goal")
    last = max((play.period for play in plays), default=1)
    return {
        "currentPeriod": last,
        "periods": [
            {
                "num": number,
                "periodType": "REGULAR" if number <= 3 else "OVERTIME",
                **{side: {"goals": goals[side, number]} for side in OTHER},
            }
            for number in range(1, last + 1)
        ],
        "teams": {
            side: {"goals": truth.score[side] if truth else sum(goals[side, number] for number in range(1, last + 1))}
            for side in OTHER
        },
    }


def _box(game: BookGame, side: Side, truth: Truth | None) -> dict[str, Any]:
    players = {f"ID{player.id}": _line(game, side, player, truth) for player in game.team(side).players}
    scratch = 8_600_000 + game.team(side).id  # a player who is not dressed
    players[f"ID{scratch}"] = {
        "person": {"id": scratch, "fullName": "Not Dressed"},
        "jerseyNumber": "99",
        "position": {"code": "N/A"},
        "stats": {},
    }
    found: dict[str, Any] = {"team": {"id": game.team(side).id}, "players": players, "scratches": [scratch]}
    if truth:
        team = truth.teams[side]
        found["teamStats"] = {
            "teamSkaterStats": {
                "goals": team["goals"],
                "pim": team["penalty_minutes"],
                "shots": team["shots_on_goal"],
                "powerPlayGoals": float(team["power_play_goals"]),
                "powerPlayOpportunities": float(team["power_plays"]),
                "blocked": team["blocks"],
                "takeaways": team["takeaways"],
                "giveaways": team["giveaways"],
                "hits": team["hits"],
            }
        }
    return found


def _line(game: BookGame, side: Side, player: Player, truth: Truth | None) -> dict[str, Any]:
    line = {
        "person": {"id": player.id, "fullName": player.name},
        "jerseyNumber": player.jersey,
        "position": {"code": position(player)},
        "stats": {},
    }
    if truth is None:
        return line
    counted = truth.players[side, player.id]
    if player.position == "G":
        goalie = truth.goalies[side, player.id]
        written = decision(game, goalie.get("decision"))
        line["stats"] = {
            "goalieStats": {
                "timeOnIce": clock(int(goalie["seconds"])),
                "goals": counted["goals"],
                "assists": counted["assists"],
                "pim": counted["penalty_minutes"],
                "shots": goalie["shots_against"],
                "saves": goalie["saves"],
                "decision": "L" if written == "O" else written or "",
            }
        }
        return line
    line["stats"] = {
        "skaterStats": {
            "timeOnIce": clock(counted["seconds"]),
            "goals": counted["goals"],
            "assists": counted["assists"],
            "shots": counted["shots_on_goal"],
            "hits": counted["hits"],
            "blocked": counted["blocks"],
            "penaltyMinutes": counted["penalty_minutes"],
            "faceOffWins": counted["faceoffs_won"],
            "faceoffTaken": counted["faceoffs_won"] + counted["faceoffs_lost"],
            "takeaways": counted["takeaways"],
            "giveaways": counted["giveaways"],
            "plusMinus": counted["plus_minus"],
        }
    }
    return line

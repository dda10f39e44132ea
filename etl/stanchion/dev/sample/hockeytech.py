"""Write an invented league game as the documents of the HockeyTech service, with the traps of the real ones."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from stanchion.dev.sample.book import OTHER, BookGame, Play, Player, Team

API_KEY: Final = "INVENTED-KEY-OF-THE-SERVICE"
KINDS: Final = ("pbp", "summary", "gamesummary", "shifts")
_CALLBACK: Final = "angular.callbacks._0"
_SHORT_NAMES: Final = {1: "1", 2: "2", 3: "3"}
_VISITOR: Final = {"home": "home", "away": "visiting"}
_WORDS: Final = {"home": "homeTeam", "away": "visitingTeam"}
_CLASSES: Final = {"bench": "Too many players", "penalty shot": "Hooking", "misconduct": "Misconduct"}
# the official figure of the marts by the name of the service
_SKATER: Final = {
    "goals": "goals", "assists": "assists", "points": "points", "penaltyMinutes": "penalty_minutes",
    "plusMinus": "plus_minus", "faceoffWins": "faceoffs_won", "shots": "shots_on_goal", "hits": "hits",
    "blockedShots": "blocks",
}  # fmt: skip
_TEAM: Final = {
    "shots": "shots_on_goal", "goals": "score_for", "hits": "hits", "powerPlayGoals": "power_play_goals",
    "powerPlayOpportunities": "power_plays", "penaltyMinuteCount": "penalty_minutes", "faceoffWins": "faceoffs_won",
}  # fmt: skip

Differences = Mapping[tuple[str, str, int, str], Any]


def game_id(book: BookGame) -> int:
    """Return the id of a game in the service."""
    return 1000 + book.number


def documents(book: BookGame, differences: Differences | None = None) -> dict[str, Any]:
    """Return the documents of a game by kind (see KINDS), as trees.

    `differences` replaces official figures, so that the book is damaged. A key is the scope (player, goalie, team or
    period), the side, the id of the player (the number of the period, 0 for a team) and the column of the marts.
    """
    return {
        "pbp": [row for number, play in enumerate(book.plays) for row in _rows(book, number, play)],
        "summary": _summary(book, differences or {}),
        "gamesummary": _gamesummary(book),
        "shifts": _shifts(book),
    }


def files(book: BookGame, kinds: Iterable[str] = KINDS, differences: Differences | None = None) -> dict[str, bytes]:
    """Return the files of a game by name. Games with an even number are answers for a script."""
    trees = documents(book, differences)
    wrap = (lambda text: f"{_CALLBACK}({text});") if book.number % 2 == 0 else (lambda text: text)
    return {f"{game_id(book)}_{kind}.json": wrap(json.dumps(trees[kind])).encode() for kind in kinds}


def line(book: BookGame, differences: Differences | None = None) -> bytes:
    """Return a game as one line of JSON Lines."""
    return json.dumps({"game_id": game_id(book)} | documents(book, differences)).encode() + b"\n"


# ---------------------------------------------------------------------- events


def _rows(book: BookGame, number: int, play: Play) -> list[dict[str, Any]]:
    """Return the rows of a play: two for a goal, and none for plays that the service does not record."""
    people, other = play.people, OTHER[play.side]
    team = book.team(play.side)
    at = _when(book, play, number)
    place = at | _place(play)
    match play.kind:
        case "goalie_change":
            coming, going = (_person(people.get(key)) for key in ("goalie_in", "goalie_out"))
            changed = {"team_id": str(team.id), "goalieComingIn": coming, "goalieGoingOut": going}
            return [_row("goalie_change", changed | at)]
        case "faceoff":
            winner, loser = people["winner"], people["loser"]
            home, visitor = (winner, loser) if play.side == "home" else (loser, winner)
            won = {"homeWin": "1" if play.side == "home" else "0"}
            return [_row("faceoff", {"homePlayer": _person(home), "visitingPlayer": _person(visitor)} | won | place)]
        case "shot":
            return [_shot(book, play, people["shooter"], people.get("goalie"), place)]
        case "blocked":
            if play.period > 3:
                place["period"] = place["period"] | {"id": f"OT{play.period - 3}"}
            place["period"] = place["period"] | {"shortName": None}
            blocked = {
                "shooter": _person(people["shooter"]),
                "blocker": _person(people["blocker"]),
                "goalie": _person(play.home_goalie if other == "home" else play.away_goalie),
                "shooterTeamId": str(team.id),
            }
            return [_row("blocked_shot", blocked | _kind_of_shot(play) | place)]
        case "hit":
            if number % 40 == 0:
                place |= {"xLocation": 0, "yLocation": 0}
            hit = {"player": _person(people["hitter"]), "onPlayer": _person(people["hittee"])}
            return [_row("hit", {"teamId": str(team.id)} | hit | place)]
        case "penalty":
            return [_row("penalty", _penalty(team, number, play) | at)]
        case "penalty_shot":
            if book.number % 12 == 3:
                at["period"] = _period(play.period + 1)  # the two rows of a real game disagree
            shot = {"shooter": _person(people["shooter"]), "goalie": _person(people["goalie"])}
            return [_row("penaltyshot", shot | {"shooter_team": _team(team), "isGoal": play.is_goal} | at)]
        case "shootout":
            shot = {"shooter": _person(people["shooter"]), "goalie": _person(people["goalie"])}
            result = {"isGoal": play.is_goal, "isGameWinningGoal": False, "shooterTeam": _team(team)}
            times = 2 if number % 7 == 3 and not play.is_goal else 1  # the service writes a few attempts twice
            return [_row("shootout", shot | result) for _ in range(times)]
        case "goal" if play.is_penalty_shot:
            return [_goal(book, number, play, at)]
        case "goal":
            goalie = people.get("goalie")
            if play.is_empty_net and number % 9:
                goalie = book.team(other).of("G")[0]  # the service names a goalie who is not in net
            return [_shot(book, play, people["scorer"], goalie, place), _goal(book, number, play, place)]
    return []


def _row(event: str, details: dict[str, Any]) -> dict[str, Any]:
    return {"event": event, "details": details}


def _shot(book: BookGame, play: Play, shooter: Player, goalie: Player | None, place: dict[str, Any]) -> dict[str, Any]:
    shot = {
        "shooter": _person(shooter),
        "goalie": _person(goalie) or _nobody(),
        "shooterTeamId": str(book.team(play.side).id),
        "isGoal": play.kind == "goal",
    }
    return _row("shot", shot | _kind_of_shot(play) | place)


def _kind_of_shot(play: Play) -> dict[str, Any]:
    quality = "goal" if play.kind == "goal" else "on net"
    return {"shotQuality": f"{'Quality' if play.x > 60 else 'Non quality'} {quality}", "shotType": play.shot_type}


def _goal(book: BookGame, number: int, play: Play, place: dict[str, Any]) -> dict[str, Any]:
    """Return the row of a goal. Its lists of players on the ice are filled for every goal."""
    own, other = ([p for p in play.on_ice[side] if p.position != "G"] for side in (play.side, OTHER[play.side]))
    properties = {
        "isPowerPlay": _digit(play.strength == "power_play"),
        "isShortHanded": _digit(play.strength == "short_handed"),
        "isEmptyNet": _digit(play.is_empty_net),
        "isPenaltyShot": _digit(play.is_penalty_shot),
        "isInsuranceGoal": "0",
        "isGameWinningGoal": "0",
    }
    goal = {
        "game_goal_id": str(number),
        "team": _team(book.team(play.side)),
        "scoredBy": _person(play.people["scorer"]),
        "assists": [_person(play.people[key]) for key in ("assist1", "assist2") if key in play.people],
        "properties": properties,
        "plus_players": [_person(player) for player in own],
        "minus_players": [_person(player) for player in other],
    }
    return _row("goal", goal | place)


def _penalty(team: Team, number: int, play: Play) -> dict[str, Any]:
    taken = play.people.get("taken_by")
    served = play.people.get("served_by", taken)
    return {
        "game_penalty_id": str(number),
        "againstTeam": _team(team),
        "minutes": f"{play.minutes}.00",
        "description": _CLASSES.get(play.severity, "Tripping"),
        "takenBy": _person(taken),
        "servedBy": _person(served),
        "isPowerPlay": play.gives_power_play,
        "isBench": play.severity == "bench",
    }


def _when(book: BookGame, play: Play, number: int) -> dict[str, Any]:
    """Return the period and the clock, which counts up and has one digit of minutes or two."""
    minutes, seconds = divmod(play.elapsed, 60)
    width = 1 + (book.number + number) % 2
    return {"time": f"{minutes:0{width}d}:{seconds:02d}", "period": _period(play.period)}


def _period(number: int) -> dict[str, Any]:
    short = _SHORT_NAMES.get(number, f"OT{number - 3}")
    return {"id": str(number), "shortName": short, "longName": f"Period {short}"}


def _place(play: Play) -> dict[str, Any]:
    """Return the place of a play. The home team attacks x = 0 in every period."""
    direction = 1 if play.side == "home" else -1
    return {
        "xLocation": round(300 - 3 * direction * play.x),
        "yLocation": round(150 + direction * play.y * 300 / 85),
    }


def _person(player: Player | None) -> dict[str, Any] | None:
    if player is None:
        return None
    return {
        "id": player.id,
        "firstName": player.first,
        "lastName": player.last,
        "jerseyNumber": int(player.jersey),
        "position": player.position,
        "birthDate": "",
        "playerImageURL": f"https://example.invalid/{player.id}.jpg",
    }


def _nobody() -> dict[str, Any]:
    return {"id": None, "firstName": None, "lastName": None, "jerseyNumber": 0, "position": None, "birthDate": ""}


def _team(team: Team) -> dict[str, Any]:
    return {"id": team.id, "abbreviation": team.abbrev, "logo": "https://example.invalid/logo.png"}


def _digit(value: bool) -> str:
    return "1" if value else "0"


# ---------------------------------------------------------------------- official figures


def _summary(book: BookGame, differences: Differences) -> dict[str, Any]:
    status = {"regular": "Final", "overtime": "Final OT", "shootout": "Final SO"}[book.ended_in]
    details = {
        "id": game_id(book),
        "GameDateISO8601": f"{book.day}T19:00:00-05:00",
        "status": status,
        "final": "1",
        "seasonId": str(book.season),
    }
    sides = {word: _side(book, side, differences) for side, word in _WORDS.items()}
    return {
        "details": details,
        **sides,
        "periods": [_official_period(book, number, differences) for number in range(1, book.periods + 1)],
        "mostValuablePlayers": [],
        "hasShootout": book.ended_in == "shootout",
    }


def _side(book: BookGame, side: str, differences: Differences) -> dict[str, Any]:
    team, truth = book.team(side), book.truth
    figures = {name: _figure(differences, "team", side, 0, name, truth.teams[side][name]) for name in _TEAM.values()}
    stats = {name: figures[column] for name, column in _TEAM.items()}
    if book.ended_in == "shootout" and side == book.shootout_winner and book.number % 20 > 10:
        stats["shots"] += 1  # the service books one more shot to most winners of a shootout
    attempts = truth.teams[side]["faceoffs_won"] + truth.teams[side]["faceoffs_lost"]
    info = {"id": team.id, "name": team.name, "abbreviation": team.abbrev}
    return {
        "info": info,
        "stats": stats | {"faceoffAttempts": attempts, "infractionCount": truth.teams[side]["penalties"]},
        "skaters": [_skater(book, side, p, differences) for p in team.players if p.position != "G"],
        "goalies": [_goalie(book, side, p, differences) for p in team.of("G")],
        "goalieLog": [
            {"info": _person(shift.player), "result": truth.goalies[side, shift.player.id].get("decision", "")}
            for shift in book.shifts
            if shift.side == side and shift.player.position == "G"
        ],
    }


def _skater(book: BookGame, side: str, player: Player, differences: Differences) -> dict[str, Any]:
    counted = book.truth.players[side, player.id]
    names = (*_SKATER.values(), "faceoffs_lost", "seconds")
    figures = {name: _figure(differences, "player", side, player.id, name, counted[name]) for name in names}
    stats: dict[str, Any] = {name: figures[column] for name, column in _SKATER.items()}
    stats["faceoffAttempts"] = figures["faceoffs_won"] + figures["faceoffs_lost"]
    stats["toi"] = _duration(figures["seconds"])
    return {"info": _person(player), "stats": stats, "starting": 0, "status": ""}


def _goalie(book: BookGame, side: str, player: Player, differences: Differences) -> dict[str, Any]:
    counted, line = book.truth.players[side, player.id], book.truth.goalies[side, player.id]
    names = ("shots_against", "saves", "goals_against", "seconds")
    figures = {name: _figure(differences, "goalie", side, player.id, name, line[name]) for name in names}
    as_player = ("goals", "assists", "points", "penaltyMinutes", "plusMinus")
    stats: dict[str, Any] = {name: counted[_SKATER[name]] for name in as_player}
    stats |= {
        name: figures[column] for name, column in zip(("shotsAgainst", "saves", "goalsAgainst"), names, strict=False)
    }
    stats["timeOnIce"] = _duration(figures["seconds"]) if figures["seconds"] else None
    return {"info": _person(player), "stats": stats, "starting": 0, "status": ""}


def _official_period(book: BookGame, number: int, differences: Differences) -> dict[str, Any]:
    goals = {
        f"{_VISITOR[side]}Goals": str(_figure(differences, "period", side, number, "goals", by_period[number]))
        for side, by_period in book.truth.periods.items()
    }
    return {"info": _period(number), "stats": goals, "goals": [], "penalties": []}


def _figure(differences: Differences, scope: str, side: str, key: int, column: str, value: Any) -> Any:
    return differences.get((scope, side, key, column), value)


def _duration(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02d}"


# ---------------------------------------------------------------------- lengths of the periods, and shifts


def _parameters(view: str) -> dict[str, Any]:
    return {"feed": "modulekit", "view": view, "key": API_KEY, "client_code": "invented"}


def _gamesummary(book: BookGame) -> dict[str, Any]:
    periods = {
        str(number): {"id": str(number), "short_name": str(number), "length": str(book.period_seconds(number))}
        for number in range(1, book.periods + 1)
    }
    content = {"meta": {"id": str(game_id(book))}, "periods": periods}
    return {"GC": {"Parameters": _parameters("gamesummary"), "Gamesummary": content}}


def _shifts(book: BookGame) -> dict[str, Any]:
    """Return the shifts by player, without ids. Their clock counts down."""
    sides = {
        word: [_shifts_of(book, side, player) for player in book.team(side).players]
        for side, word in (("home", "home"), ("away", "visitor"))
    }
    return {"SiteKit": {"Parameters": _parameters("gameshifts"), "Gameshifts": sides}}


def _shifts_of(book: BookGame, side: str, player: Player) -> dict[str, Any]:
    shifts = [
        {
            "period": str(shift.period),
            "start_time": _duration(book.period_seconds(shift.period) - shift.start),
            "end_time": _duration(book.period_seconds(shift.period) - shift.end),
            "length": _duration(shift.end - shift.start),
            "goal_on_shift": "0",
            "penalty_on_shift": "0",
        }
        for shift in book.shifts
        if (shift.side, shift.player) == (side, player)
    ]
    names = {"first_name": player.first, "last_name": player.last}
    return {"jersey_number": player.jersey, **names, "home": _digit(side == "home"), "shifts": shifts}

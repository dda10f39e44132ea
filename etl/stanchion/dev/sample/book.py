"""Play an invented league game and count its official book.

The plays contain everything that league formats record: overtimes, shootouts, penalty shots, pulled and changed
goalies, bench and double minors, misconducts, coincident penalties. The writers of the formats (hockeytech.py and so
on) turn one game into documents, and tests compare what the marts count with `truth`.

A change of players happens after the play in the same second, and before the plays of later seconds.
"""

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Final

from stanchion.dev.sample.names import FIRST, LAST, TEAMS

Side = str  # home or away
OTHER: Final[dict[Side, Side]] = {"home": "away", "away": "home"}
REGULAR_SECONDS: Final = 1200
_POSITIONS: Final = ("LW", "C", "RW") * 4 + ("LD", "RD") * 3 + ("G", "G")
_PULLED_AT: Final = 1080  # seconds of the last period after which a team that trails pulls its goalie
_LAST_PLAY: Final = 1165  # seconds of the last period after which only deciding goals are played
_KINDS: Final = {
    "shot": 24, "missed": 11, "blocked": 11, "goal": 2, "hit": 17, "giveaway": 8, "takeaway": 7, "penalty": 5,
    "faceoff": 14,
}  # fmt: skip
_MINUTES: Final = {
    "minor": 2, "double minor": 4, "major": 5, "misconduct": 10, "bench": 2, "coincident": 2, "penalty shot": 2,
}  # fmt: skip
_SHOTS: Final = ("Wrist", "Snap", "Slap", "Tip-In", "Backhand")


@dataclass(frozen=True)
class Player:
    id: int
    jersey: str
    first: str
    last: str
    position: str

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"


@dataclass(frozen=True)
class Team:
    id: int
    name: str
    abbrev: str
    players: tuple[Player, ...]

    def of(self, *positions: str) -> list[Player]:
        return [player for player in self.players if player.position in positions]


@dataclass
class Play:
    period: int  # 0 for the attempts of a shootout
    elapsed: int  # seconds of the period
    kind: str
    side: Side  # of the player who acts
    people: dict[str, Player]
    x: int  # feet from the centre; the side attacks x = 100
    y: int
    shot_type: str = "Wrist"
    is_goal: bool = False  # of a penalty shot or an attempt of a shootout
    is_penalty_shot: bool = False
    minutes: int = 0
    severity: str = ""
    gives_power_play: bool = False
    strength: str = "even"  # of the side, without its extra attacker
    is_empty_net: bool = False
    home_skaters: int = 5  # before the play, as the next six
    away_skaters: int = 5
    home_goalie: Player | None = None
    away_goalie: Player | None = None
    home_goals: int = 0
    away_goals: int = 0
    on_ice: dict[Side, list[Player]] = field(default_factory=dict)
    plus: list[Player] = field(default_factory=list)
    minus: list[Player] = field(default_factory=list)


@dataclass(frozen=True)
class Shift:
    side: Side
    player: Player
    period: int
    start: int  # seconds of the period
    end: int


@dataclass
class Truth:
    """Official figures, named as the columns of the marts."""

    players: dict[tuple[Side, int], Counter[str]] = field(default_factory=dict)
    goalies: dict[tuple[Side, int], dict[str, int | str]] = field(default_factory=dict)
    teams: dict[Side, Counter[str]] = field(default_factory=lambda: {"home": Counter(), "away": Counter()})
    periods: dict[Side, dict[int, int]] = field(default_factory=lambda: {"home": {}, "away": {}})
    score: dict[Side, int] = field(default_factory=dict)


class BookGame:
    """One game, which the constructor plays. How it ends, and its trapped plays, depend on its number."""

    _steps = (4, 16)  # seconds between two plays, the last excluded

    def __init__(self, number: int, seed: int, penalty_shot_minutes: int) -> None:
        self.rng = random.Random(seed * 1_000_003 + number)  # noqa: S311
        self.number = number
        self.is_playoff = number % 5 == 4
        self.ended_in = self._ending()
        self.season = 2024 - number // 200  # never in the future, where no game is loaded
        self.day = date(self.season, 10, 3) + timedelta(days=number % 200 + (190 if self.is_playoff else 0))
        self.overtime_seconds = REGULAR_SECONDS if self.is_playoff else 300
        self._penalty_shot_minutes = penalty_shot_minutes
        self.home, self.away = self._teams()
        self.plays: list[Play] = []
        self.shifts: list[Shift] = []
        self.periods = 3
        self._goalie: dict[Side, Player | None] = {}
        self._last_goalie: dict[Side, Player] = {}
        self._skaters: dict[Side, list[Player]] = {"home": [], "away": []}
        self._began: dict[Player, int] = {}
        self._box: dict[Side, list[list[int]]] = {"home": [], "away": []}  # [second of the game, 1 when a goal ends it]
        self._goals: Counter[Side] = Counter()
        self._period = 1
        self._play_game()
        self._place_shots(seed)

    def team(self, side: Side) -> Team:
        return self.home if side == "home" else self.away

    def period_seconds(self, period: int) -> int:
        return REGULAR_SECONDS if period <= 3 else self.overtime_seconds

    @cached_property
    def truth(self) -> Truth:
        return _count(self)

    # ---------------------------------------------------------------- teams

    def _teams(self) -> tuple[Team, Team]:
        names = self.rng.sample(range(len(TEAMS)), 2)
        people = self.rng.sample([(first, last) for first in FIRST for last in LAST], 2 * len(_POSITIONS))
        teams = []
        for of_team in names:
            jerseys = self.rng.sample(range(1, 99), len(_POSITIONS))
            players = tuple(
                Player(8_470_000 + of_team * 100 + place, str(shirt), *people.pop(), position)
                for place, (shirt, position) in enumerate(zip(jerseys, _POSITIONS, strict=True))
            )
            abbrev = TEAMS[of_team].replace(" ", "")[:3].upper()
            teams.append(Team(of_team + 1, TEAMS[of_team], abbrev, players))
        return teams[0], teams[1]

    # ---------------------------------------------------------------- play

    def _ending(self) -> str:
        return ("regular", "overtime", "shootout", "regular", "overtime")[self.number % 5]

    def _place_shots(self, seed: int) -> None:
        from stanchion.dev.sample.shots import place_shots  # the module reads this one

        place_shots(self, seed)

    def _play_game(self) -> None:
        for side in OTHER:
            self._change_goalie(side, self.rng.choice(self.team(side).of("G")), 0, starts=True)
        for self._period in (1, 2, 3):
            if self._period == 2 and self.number % 4 == 1:
                self._change_goalie("away", self._backup("away"), 0)
            self._play_period(REGULAR_SECONDS, last=_LAST_PLAY if self._period == 3 else REGULAR_SECONDS - 2)
        if self.ended_in == "regular":
            return
        overtimes = 1 + self.rng.randrange(3) if self.is_playoff else 1
        for number in range(overtimes):
            self.periods = self._period = 4 + number
            is_last = self.ended_in == "overtime" and number == overtimes - 1
            length = self.rng.randrange(20, self.overtime_seconds - 20) if is_last else self.overtime_seconds
            self._play_period(length, last=length - 2, sudden_death=is_last)
        if self.ended_in == "shootout":
            self._play_shootout()

    def _play_period(self, length: int, last: int, sudden_death: bool = False) -> None:
        self._box = (
            {
                side: [[end - self._offset(), kind] for end, kind in box if end > self._offset()]
                for side, box in self._box.items()
            }
            if self._period > 1
            else {"home": [], "away": []}
        )
        at = 0
        for side in OTHER:
            self._line_up(side, 0)
            goalie = self._goalie[side]
            if goalie:
                self._began[goalie] = 0
        self._act("faceoff", 0)
        trapped = self._period == 2
        while True:
            following = at + self.rng.randrange(*self._steps)
            if following > last:
                break
            self._let_time_pass(at, following)
            at = following
            if trapped and at > 300:
                trapped = self._play_trap(at)
            elif self._period == 3 and at > _PULLED_AT and self._may_pull():
                trailing = min(OTHER, key=lambda side: self._goals[side])
                self._change_goalie(trailing, None, at)
            else:
                self._act(self._kind(), at)
        if self._period == 3:
            self._decide(at, length)
        elif sudden_death:
            self._let_time_pass(at, length)
            self._score(self.rng.choice(list(OTHER)), length)
        self._close_period(length)

    def _offset(self) -> int:
        return self.period_seconds(self._period - 1)

    def _kind(self) -> str:
        if None in self._goalie.values() and self.rng.random() < 0.15:
            return "goal"
        kind = self.rng.choices(list(_KINDS), list(_KINDS.values()))[0]
        if self._period > 3 and kind in ("goal", "penalty"):
            return "hit"
        return kind

    def _let_time_pass(self, since: int, until: int) -> None:
        """End penalties and change lines between two plays, always before the second of the later play."""
        ended = sorted((end, side) for side in OTHER for end, _ in self._box[side] if end < until)
        for end, side in ended:
            del self._box[side][0]
            since = max(since, end)
            self._line_up(side, since)
        if until - since > 2 and self.rng.random() < 0.45:
            self._line_up(self.rng.choice(list(OTHER)), self.rng.randrange(since + 1, until))

    def _decide(self, at: int, length: int) -> None:
        """Score the goals that the end of the game needs: a tie before overtime, and no tie otherwise."""
        wants_tie = self.ended_in != "regular"
        while (self._goals["home"] == self._goals["away"]) != wants_tie:
            behind = min(OTHER, key=lambda side: self._goals[side])
            at = min(at + 2, length - 1)
            self._let_time_pass(at - 1, at)
            self._score(behind, at)
        for side in OTHER:
            if self._goalie[side] is None and wants_tie:
                self._change_goalie(side, self._last_goalie[side], length - 1)

    def _may_pull(self) -> bool:
        gap = abs(self._goals["home"] - self._goals["away"])
        return 0 < gap <= 2 and None not in self._goalie.values() and self.rng.random() < 0.5

    # ---------------------------------------------------------------- players on the ice

    def _strength(self, side: Side) -> int:
        full = 3 if self._period == 4 and not self.is_playoff else 5
        return max(3, full - len(self._box[side])) + (self._goalie.get(side) is None)

    def _line_up(self, side: Side, at: int) -> None:
        count = self._strength(side)
        forwards = self.rng.sample(self.team(side).of("LW", "C", "RW"), count - 2 if count > 3 else count - 1)
        defense = self.rng.sample(self.team(side).of("LD", "RD"), count - len(forwards))
        chosen = forwards + defense
        for player in self._skaters[side]:
            if player not in chosen:
                self._leave(side, player, at)
        for player in chosen:
            if player not in self._skaters[side]:
                self._enter(player, at)
        self._skaters[side] = chosen

    def _enter(self, player: Player, at: int) -> None:
        """Begin a shift, or go on with one that ended in the same second."""
        for shift in reversed(self.shifts[-40:]):
            if (shift.player, shift.period, shift.end) == (player, self._period, at):
                self.shifts.remove(shift)
                self._began[player] = shift.start
                return
        self._began[player] = at

    def _leave(self, side: Side, player: Player, at: int) -> None:
        began = self._began.pop(player, at)
        if began < at:
            self.shifts.append(Shift(side, player, self._period, began, at))

    def _close_period(self, at: int) -> None:
        for side in OTHER:
            goalie = self._goalie[side]
            for player in [*self._skaters[side], *([goalie] if goalie else [])]:
                self._leave(side, player, at)
            self._skaters[side] = []
            if goalie is None:
                self._goalie[side] = self._last_goalie[side]

    def _backup(self, side: Side) -> Player:
        return next(goalie for goalie in self.team(side).of("G") if goalie != self._last_goalie[side])

    def _change_goalie(self, side: Side, comes: Player | None, at: int, starts: bool = False) -> None:
        goes = self._goalie.get(side)
        people = {key: player for key, player in (("goalie_in", comes), ("goalie_out", goes)) if player}
        play = self._new("goalie_change", side, people, at)
        self.plays.append(play)
        if goes and at:
            self._leave(side, goes, at)
        self._goalie[side] = comes
        if comes:
            self._last_goalie[side] = comes
            if at:
                self._enter(comes, at)
        if not starts and at:
            self._line_up(side, at)

    # ---------------------------------------------------------------- plays

    def _new(self, kind: str, side: Side, people: dict[str, Player], at: int) -> Play:
        is_attempt = kind in ("shot", "goal", "missed", "blocked", "penalty_shot", "shootout")
        goalies = {each: self._goalie.get(each) for each in OTHER}
        on_ice = {each: [*self._skaters[each], *([goalie] if (goalie := goalies[each]) else [])] for each in OTHER}
        mine, theirs = len(on_ice[side]), len(on_ice[OTHER[side]])
        return Play(
            period=self._period,
            elapsed=at,
            kind=kind,
            side=side,
            people=people,
            x=self.rng.randrange(30, 90) if is_attempt else self.rng.randrange(-95, 96),
            y=self.rng.randrange(-40, 41),
            shot_type=self.rng.choice(_SHOTS),
            strength="power_play" if mine > theirs else "short_handed" if mine < theirs else "even",
            is_empty_net=goalies[OTHER[side]] is None,
            home_skaters=len(self._skaters["home"]),
            away_skaters=len(self._skaters["away"]),
            home_goalie=goalies["home"],
            away_goalie=goalies["away"],
            home_goals=self._goals["home"],
            away_goals=self._goals["away"],
            on_ice=on_ice,
        )

    def _act(self, kind: str, at: int) -> None:
        side = self.rng.choice(list(OTHER))
        other = OTHER[side]
        if kind == "goal":
            self._score(side, at)
            return
        if kind == "penalty":
            severity = self.rng.choices(
                ("minor", "double minor", "major", "misconduct", "bench", "coincident"), (70, 5, 4, 6, 8, 7)
            )[0]
            self._penalty(side, severity, at)
            return
        self._meet("missed" if kind == "shot" and self._goalie[other] is None else kind, side, at)

    def _meet(self, kind: str, side: Side, at: int) -> None:
        """Add a play between a player of the side and a player of the other side."""
        other = OTHER[side]
        mine, theirs = self.rng.choice(self._skaters[side]), self.rng.choice(self._skaters[other])
        everyone: dict[str, dict[str, Player | None]] = {
            "faceoff": {"winner": mine, "loser": theirs},
            "shot": {"shooter": mine, "goalie": self._goalie[other]},
            "missed": {"shooter": mine, "goalie": self._goalie[other]},
            "blocked": {"shooter": mine, "blocker": theirs},
            "hit": {"hitter": mine, "hittee": theirs},
            "giveaway": {"player": mine},
            "takeaway": {"player": mine},
        }
        people = {role: player for role, player in everyone[kind].items() if player}
        self.plays.append(self._new(kind, side, people, at))

    def _score(self, side: Side, at: int, shooter: Player | None = None) -> None:
        """Score a goal; with a shooter, on a penalty shot."""
        scorer = shooter or self.rng.choice(self._skaters[side])
        others = [player for player in self._skaters[side] if player != scorer]
        helpers = [] if shooter else self.rng.sample(others, min(len(others), self.rng.choice((0, 1, 2, 2))))
        people = {"scorer": scorer, **{f"assist{n}": helper for n, helper in enumerate(helpers, start=1)}}
        goalie = self._goalie[OTHER[side]]
        if goalie:
            people["goalie"] = goalie
        play = self._new("goal", side, people, at)
        if shooter:
            play.is_penalty_shot, play.strength, play.is_empty_net = True, "even", False
        elif play.strength != "power_play":
            play.plus, play.minus = list(self._skaters[side]), list(self._skaters[OTHER[side]])
        self.plays.append(play)
        self._goals[side] += 1
        box = self._box[OTHER[side]]
        ends = next((penalty for penalty in box if penalty[1]), None)
        if play.strength == "power_play" and ends:
            box.remove(ends)
        for each in OTHER:
            if self._goalie[each] is None:
                self._change_goalie(each, self._last_goalie[each], at)
            self._line_up(each, at)

    def _penalty(self, side: Side, severity: str, at: int) -> None:
        if severity == "coincident":
            for each in OTHER:
                self._send_off(each, severity, at)
        elif severity == "misconduct" or len(self._box[side]) < 2:
            self._send_off(side, severity, at)

    def _send_off(self, side: Side, severity: str, at: int) -> None:
        guilty, server = self.rng.sample(self._skaters[side], 2)
        people = {"drawn_by": self.rng.choice(self._skaters[OTHER[side]])}
        if severity == "bench":
            people["served_by"] = server
        else:
            people["taken_by"] = guilty
            if severity == "major":
                people["served_by"] = server
        play = self._new("penalty", side, people, at)
        play.severity = "minor" if severity == "coincident" else severity
        play.minutes = self._penalty_shot_minutes if severity == "penalty shot" else _MINUTES[severity]
        play.gives_power_play = severity in ("minor", "double minor", "major", "bench")
        self.plays.append(play)
        if play.gives_power_play:
            self._box[side].append([at + play.minutes * 60, int(severity in ("minor", "bench"))])
            self._box[side].sort()
            self._line_up(side, at)

    def _play_trap(self, at: int) -> bool:
        """Play what is rare in each game of a number; return False, because it happens once."""
        side = self.rng.choice(list(OTHER))
        match self.number % 6:
            case 0:
                self._penalty(side, "bench", at)
            case 1:
                self._penalty(side, "double minor", at)
            case 2 | 3:
                self._penalty_shot(OTHER[side], at, is_goal=self.number % 6 == 2)
            case 4:
                self._change_goalie(side, self._backup(side), at)
            case _:
                self._penalty(side, "misconduct", at)
        return False

    def _penalty_shot(self, side: Side, at: int, is_goal: bool) -> None:
        goalie = self._goalie[OTHER[side]]
        if goalie is None:
            return
        self._send_off(OTHER[side], "penalty shot", at)
        shooter = self.rng.choice(self._skaters[side])
        play = self._new("penalty_shot", side, {"shooter": shooter, "goalie": goalie}, at)
        play.is_goal = is_goal
        self.plays.append(play)
        if is_goal:
            self._score(side, at, shooter)

    def _play_shootout(self) -> None:
        scored: Counter[Side] = Counter()
        order = list(OTHER)
        rounds = 0
        while rounds < 3 or scored["home"] == scored["away"]:
            rounds += 1
            for side in order:
                goalie = self._last_goalie[OTHER[side]]
                shooter = self.rng.choice(self.team(side).of("LW", "C", "RW"))
                play = self._new("shootout", side, {"shooter": shooter, "goalie": goalie}, 0)
                play.period, play.strength, play.is_empty_net = 0, "even", False
                play.is_goal = self.rng.random() < 0.35
                scored[side] += play.is_goal
                self.plays.append(play)
        self.shootout_winner = max(OTHER, key=lambda side: scored[side])


def book_game(number: int, seed: int = 0, penalty_shot_minutes: int = 2) -> BookGame:
    """Play a game. Games with numbers of all remainders by 30 contain every ending and every trap.

    `penalty_shot_minutes` are booked to the team whose foul led to a penalty shot: 2 in some leagues, 0 in others.
    """
    return BookGame(number, seed, penalty_shot_minutes)


def _count(game: BookGame) -> Truth:
    truth = Truth()
    players: dict[tuple[Side, int], Counter[str]] = defaultdict(Counter)
    for side in OTHER:
        for player in game.team(side).players:
            players[side, player.id] = Counter()
        truth.periods[side] = dict.fromkeys(range(1, game.periods + 1), 0)
    for shift in game.shifts:
        players[shift.side, shift.player.id].update(seconds=shift.end - shift.start, shifts=1)
    for play in game.plays:
        _count_play(play, players, truth)
    for (side, _), counted in players.items():
        counted["assists"] = counted["first_assists"] + counted["second_assists"]
        counted["points"] = counted["goals"] + counted["assists"]
        counted["plus_minus"] = counted["plus"] - counted["minus"]
        for column in ("assists", "blocks", "saves"):
            truth.teams[side][column] += counted[column]
    truth.players = dict(players)
    truth.score = {side: truth.teams[side]["goals"] for side in OTHER}
    if game.ended_in == "shootout":
        truth.score[game.shootout_winner] += 1
    for side in OTHER:
        team, other = truth.teams[side], truth.teams[OTHER[side]]
        team["score_for"], team["score_against"] = truth.score[side], truth.score[OTHER[side]]
        team["goals_against"], team["faceoffs_lost"] = other["goals"], other["faceoffs_won"]
        team["shots_against"] = other["shots_on_goal"]
    _count_goalies(game, truth)
    return truth


def _count_play(play: Play, players: dict[tuple[Side, int], Counter[str]], truth: Truth) -> None:
    side, other, team = play.side, OTHER[play.side], truth.teams[play.side]

    def add(of_side: Side, role: str, *columns: str, by: int = 1) -> None:
        if role in play.people:
            players[of_side, play.people[role].id].update(dict.fromkeys(columns, by))

    match play.kind:
        case "goal":
            add(side, "scorer", "goals", "shots_on_goal")
            add(side, "assist1", "first_assists")
            add(side, "assist2", "second_assists")
            truth.periods[side][play.period] += 1
            team.update(
                goals=1,
                shots_on_goal=1,
                power_play_goals=play.strength == "power_play",
                short_handed_goals=play.strength == "short_handed",
                empty_net_goals=play.is_empty_net,
            )
            if not play.is_empty_net:
                add(other, "goalie", "goals_against", "shots_against")
            for player in play.plus:
                players[side, player.id]["plus"] += 1
            for player in play.minus:
                players[other, player.id]["minus"] += 1
        case "shot":
            add(side, "shooter", "shots_on_goal")
            add(other, "goalie", "saves", "shots_against")
            team["shots_on_goal"] += 1
        case "penalty_shot" if not play.is_goal:
            add(side, "shooter", "shots_on_goal")
            add(other, "goalie", "saves", "shots_against")
            team["shots_on_goal"] += 1
        case "blocked":
            add(other, "blocker", "blocks")
        case "faceoff":
            add(side, "winner", "faceoffs_won")
            add(other, "loser", "faceoffs_lost")
            team["faceoffs_won"] += 1
        case "hit":
            add(side, "hitter", "hits")
            team["hits"] += 1
        case "giveaway" | "takeaway":
            add(side, "player", f"{play.kind}s")
            team[f"{play.kind}s"] += 1
        case "penalty":
            if play.severity != "penalty shot":
                add(side, "taken_by", "penalty_minutes", by=play.minutes)
            team["penalty_minutes"] += play.minutes
            team["penalties"] += 1
            truth.teams[other]["power_plays"] += play.gives_power_play


def _count_goalies(game: BookGame, truth: Truth) -> None:
    decided = _decided_by(game)
    for side in OTHER:
        is_winner = truth.score[side] > truth.score[OTHER[side]]
        lost = {"regular": "L", "overtime": "OTL", "shootout": "SOL"}[game.ended_in]
        for goalie in game.team(side).of("G"):
            counted = truth.players[side, goalie.id]
            line: dict[str, int | str] = {
                column: counted[column] for column in ("shots_against", "saves", "goals_against", "seconds")
            }
            if goalie == decided[side]:
                line["decision"] = "W" if is_winner else lost
            truth.goalies[side, goalie.id] = line


def _decided_by(game: BookGame) -> dict[Side, Player]:
    """Return the goalies of the decision: in net at the winning goal, or last in net before it or before the end."""
    goals = [play for play in game.plays if play.kind == "goal"]
    score = Counter(play.side for play in goals)
    winning: Play | None = None
    if score["home"] != score["away"]:
        winner = max(OTHER, key=lambda side: score[side])
        winning = [play for play in goals if play.side == winner][score[OTHER[winner]]]
    last: dict[Side, Player] = {}
    for play in game.plays:
        if play is winning:
            break
        if play.kind == "goalie_change" and "goalie_in" in play.people:
            last[play.side] = play.people["goalie_in"]
    return last

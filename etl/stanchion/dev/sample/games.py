"""Play a sample game, event by event, and count its truth.

The seed determines the order of the events, the team with the puck, and the time that a line stays on the ice.
"""

import copy
import random
from typing import Any, Final

from stanchion.dev.sample import chances
from stanchion.dev.sample.names import FIRST, LAST, TEAMS
from stanchion.dev.sample.shots import BLUE_LINE, Places, draw_shot
from stanchion.dev.sample.truth import Player, Truth

OTHER: Final = {"home": "away", "away": "home"}
SKATERS: Final = ("F1", "F2", "F3", "D1", "D2")
PERIOD_LENGTHS: Final = {"1": 18, "2": 18, "3": 18, "OT": 5}
PENALTY_LENGTHS: Final = {"minor": 3, "major": 6, "misconduct": 10}
SHOT_TYPES: Final = {"Shot_Backhand": "Backhand", "Shot_Tip": "Tip-In", "Shot_Slap": "Slap"}
# One of 20 attempts is a goal, as in real exports, so most of them come from afar.
_PLACES: Final = Places(slot=0.11, nearest=45)
Outcome = tuple[str, str] | None  # event and team that precede the next event


def clock(seconds: float) -> str:
    return f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"


class Game:
    """A game that the constructor plays. `events`, `stints` and `rosters` have the format of the game export.

    With `points`, every event has random places. With `shots`, only shots and goals have one, by the law of
    stanchion.dev.sample.shots, and the home team attacks x = 100 in odd periods.
    """

    def __init__(
        self,
        seed: int,
        game_id: int = 500001,
        points: bool = False,
        lengths: dict[str, int] | None = None,
        shots: bool = False,
    ) -> None:
        self.rng = random.Random(seed)  # noqa: S311
        self.game_id = game_id
        self.points = points
        self.shots = shots
        self._places = random.Random(f"places {seed}")  # noqa: S311
        self.lengths = dict(lengths or PERIOD_LENGTHS)  # minutes
        self.periods = [int(name) for name in self.lengths if name.isdigit()]
        home, away = self.rng.sample(TEAMS, 2)
        self.teams = {"home": home, "away": away}
        self._names = self.rng.sample([f"{first} {last}" for first in FIRST for last in LAST], 40)
        self.rosters = {side: self._roster(offset) for offset, side in enumerate(OTHER)}
        self.events: list[dict[str, Any]] = []
        self.stints: list[dict[str, Any]] = []
        self.truth = Truth(score={side: dict.fromkeys(self.periods, 0) for side in OTHER})
        self._penalties: dict[str, list[float]] = {"home": [], "away": []}  # end of each period, in seconds played
        self._period = 1
        self._clock = self._stint_start = self._next_change = 0.0
        self._dead = 0
        self._start_type = ""
        self._ice = {side: self._first_line(side) for side in OTHER}
        self._play()

    # ---------------------------------------------------------------- people

    def _roster(self, offset: int) -> list[Player]:
        positions = ["F"] * self.rng.randint(7, 10) + ["D"] * self.rng.randint(4, 6) + ["G"]
        shirts = self.rng.sample(range(1, 99), len(positions))
        return [
            {
                "id": f"P{100000 + (self.game_id * 40 + 20 * offset + number) % 900000:06d}",
                "num": str(shirt),
                "name": self._names.pop(),  # names are unique
                "pos": position,
                "rating": None,
            }
            for number, (position, shirt) in enumerate(zip(positions, shirts, strict=True))
        ]

    def _of(self, side: str, position: str) -> list[Player]:
        return [player for player in self.rosters[side] if player["pos"] == position]

    def _first_line(self, side: str) -> dict[str, Player | None]:
        skaters = self.rng.sample(self._of(side, "F"), 3) + self.rng.sample(self._of(side, "D"), 2)
        return {**dict(zip(SKATERS, skaters, strict=True)), "G": self._of(side, "G")[0]}

    def _bench(self, side: str, position: str) -> Player:
        busy = {player["num"] for player in self._ice[side].values() if player}
        free = [player for player in self._of(side, position) if player["num"] not in busy]
        others = [player for player in self.rosters[side] if player["num"] not in busy and player["pos"] != "G"]
        return self.rng.choice(free or others)

    def _skater(self, side: str, without: str = "") -> Player:
        return self.rng.choice([p for slot, p in self._ice[side].items() if p and slot != "G" and p["num"] != without])

    def _goalie(self, side: str) -> Player:
        goalie = self._ice[side]["G"]
        assert goalie is not None  # noqa: S101
        return goalie

    def _change(self, whistle: bool) -> None:
        for side in OTHER:
            if not whistle and self.rng.random() < 0.45:
                continue
            line = self._ice[side]
            if any(ends > self._played() for ends in self._penalties[side]):
                line["F3"] = None
            elif line["F3"] is None:
                line["F3"] = self._bench(side, "F")
            for slot in SKATERS:
                if line[slot] and self.rng.random() < (0.8 if whistle else 0.3):
                    line[slot] = self._bench(side, slot[0])

    # ---------------------------------------------------------------- time

    def _played(self) -> float:
        return 60 * sum(self.lengths[str(period)] for period in range(1, self._period + 1)) - self._clock

    def _close_stint(self, end: float, stop_type: str) -> bool:
        seconds = int(self._stint_start - end)
        if seconds < 1:
            return False
        skaters = {side: sum(bool(self._ice[side][slot]) for slot in SKATERS) for side in OTHER}
        self.stints.append(
            {
                "period": self._period,
                "start_time": clock(self._stint_start),
                "end_time": clock(end),
                "start_type": self._start_type,
                "stop_type": stop_type,
                "strength": f"{skaters['home']}v{skaters['away']}",
                "duration": seconds,
                "stoppageTime": self._dead,
                **{side: self._slots(side) for side in OTHER},
            }
        )
        for side in OTHER:
            for player in self._ice[side].values():
                if player:
                    self.truth.count(side, player, "toi_s", seconds)
                    self.truth.count(side, player, "stints")
        self._stint_start, self._dead, self._start_type = end, 0, "OnTheFly"
        self._next_change = end - max(3, self.rng.lognormvariate(3.5, 0.9))
        return True

    def _slots(self, side: str) -> dict[str, Any]:
        line = self._ice[side].items()
        return {slot: p and {"num": int(p["num"]), "name": p["name"]} for slot, p in line} | {"X": None}

    # ---------------------------------------------------------------- events

    def _emit(
        self,
        kind: str,
        side: str,
        detail1: str = "",
        detail2: str = "",
        people: tuple[tuple[str, Player], ...] = (),
        plays: bool = False,
        end: float | None = None,
    ) -> dict[str, Any]:
        players = []
        numbers = {"event": 0, "opp": 0}
        for team, player in people:
            whose = "event" if team == side else "opp"
            numbers[whose] += 1
            players.append(
                {
                    "num": int(player["num"]),
                    "name": player["name"],
                    "team": team,
                    "role": f"{whose}_player_{numbers[whose]}",
                    "roleNum": 1,
                    "playD1": self.rng.choice(chances.PLAYS) if plays else "",
                    "playD2": "",
                    "playSuccess": "",
                    "pressure": "",
                    "sideOfPuck": "Offensive" if team == side else "Defensive",
                    "xy": self._path() if self.points else [],
                }
            )
        event = {
            "idx": len(self.events),
            "period": self._period,
            "type": kind,
            "team": side,
            "zone": self.rng.choice("nnod"),
            "success": self.rng.choice([None, None, True, False]),
            "detail1": detail1,
            "detail2": detail2,
            "start_time": clock(self._clock),
            "end_time": clock(self._clock if end is None else end),
            "strength": "5v5",
            "linkedEventIdx": None,
            "assistToGoalIdx": None,
            "sequenceIdx": None,
            "playIdx": None,
            "players": players,
            "puckXY": self._path() if self.points else [],
            "netXY": None,
            "isHighlight": kind == "Goal",
        }
        self.events.append(event)
        return event

    def _path(self) -> list[dict[str, Any]]:
        """Return a path in centred coordinates, in steps that both coordinate systems can represent exactly."""
        return [
            {"x": self.rng.randint(-400, 400) / 4, "y": self.rng.randint(-170, 170) / 4, "seq": number + 1}
            for number in range(self.rng.randint(1, 3))
        ]

    def attacks(self, side: str, period: int) -> int:
        """Return the sign of x at the end that a side attacks."""
        return 1 if (side == "home") == (period % 2 == 1) else -1

    def _place(self, shot: dict[str, Any], is_goal: bool | None) -> None:
        """Add the place of a shot, which fits its outcome."""
        players = {team: sum(bool(player) for player in self._ice[team].values()) for team in OTHER}
        side = shot["team"]
        mine, theirs = players[side], players[OTHER[side]]
        strength = "power_play" if mine > theirs else "short_handed" if mine < theirs else "even"
        drawn = draw_shot(self._places, is_goal, SHOT_TYPES.get(shot["detail2"], "Wrist"), _PLACES, strength=strength)
        ahead = self.attacks(side, self._period)
        shot["puckXY"] = [{"x": ahead * drawn.x, "y": ahead * drawn.y, "seq": 1}]
        shot["zone"] = "o" if drawn.x > BLUE_LINE else "n" if drawn.x >= -BLUE_LINE else "d"

    def _skater_event(self, kind: str, side: str) -> None:
        rng = self.rng
        first = self._skater(side)
        people = [(side, first)]
        detail1 = detail2 = ""
        if kind == "Pass":
            detail1 = rng.choices(
                ["Pass_Completed", "Pass_Missed", "Pass_Deflected", "Pass_Intercepted"], [64, 23, 8, 5]
            )[0]
            detail2 = rng.choice(chances.HOW["Pass"])
            if rng.random() < 0.7:
                people.append((side, self._skater(side, first["num"])))
            self.truth.count_both(side, first, "passes")
            self.truth.count_both(side, first, "passes_completed", int(detail1 == "Pass_Completed"))
        elif kind == "Turnover":
            detail1 = "Turnover_Giveaway" if rng.random() < 0.8 else "Turnover_Takeaway"
            detail2 = rng.choice(chances.HOW[detail1])
            self.truth.count_both(side, first, "giveaways" if detail1 == "Turnover_Giveaway" else "takeaways")
        elif kind == "Zone_Entry_Exit":
            detail1 = rng.choices(["Zone_Entry", "Zone_Exit", "Zone_Keepin", "Zone_Exit_Failed"], [44, 43, 10, 3])[0]
            detail2 = rng.choice(chances.HOW.get(detail1, ["Zone_KeepIn"]))
        elif kind == "Possession":
            detail1 = rng.choices(["", "Possession_PuckRecovery", "Faceoff", "Possession_Regroup"], [50, 17, 11, 3])[0]
        elif kind == "Play":
            detail1, detail2 = rng.choice(
                [("Play_Defensive", "Play_PokeCheck"), ("Play_Offensive", "Play_Dump/RimInZone")]
            )
        elif kind == "LoosePuck":
            detail1 = "LoosePuck_Battle"
        if rng.random() < 0.4:
            people.append((OTHER[side], self._skater(OTHER[side])))
        end = max(0, self._clock - rng.randint(0, 4)) if kind == "Possession" else None
        self._emit(kind, side, detail1, detail2, tuple(people), plays=True, end=end)

    def _shot(self, side: str) -> Outcome:
        rng, other = self.rng, OTHER[side]
        how = rng.choices(list(chances.SHOTS), list(chances.SHOTS.values()))[0]
        if how == "Shot_Goal" and self._clock >= self._stint_start:
            how = "Shot_OnNetSaved"  # because no rule can assign a goal in the same second as a player change
        shooter, goalie = self._skater(side), self._goalie(other)
        on_net = how in ("Shot_OnNetSaved", "Shot_Goal")
        self.truth.count_both(side, shooter, "shots")
        self.truth.count_both(side, shooter, "sog", int(on_net))
        if how == "Shot_Goal":
            self._mark_assists(side, shooter)
        people = ((side, shooter), (other, goalie)) if on_net else ((side, shooter),)
        shot = self._emit("Shot", side, how, rng.choice(chances.HOW["Shot"]), people)
        if self.shots:
            self._place(shot, None if how == "Shot_Blocked" else how == "Shot_Goal")
        if how == "Shot_OnNetSaved":
            freeze = rng.random() < 0.35
            kind = "Save_Freeze" if freeze else "Save_Rebound"
            self._emit("Save", other, kind, rng.choice(chances.HOW["Save"]), ((other, goalie),))
            self.truth.count_both(other, goalie, "saves")
            if freeze:
                stop = f"{other.title()} Goalie Stopped (after {side.title()} SOG)"
                return self._whistle(other, "Stoppage_GoalieStoppage", stop, "OtherFaceoff")
            self._emit(
                "Rebound",
                other,
                rng.choice(["Rebound_TeamRecovered", "Rebound_OppTeamRecovered"]),
                "",
                ((other, goalie),),
            )
        elif how == "Shot_Goal":
            return self._goal(side, shooter, goalie)
        return ("Possession", side if rng.random() < 0.5 else other)

    def _mark_assists(self, side: str, shooter: Player) -> None:
        """Mark up to two of the team's last events as assists of the goal that follows the next event."""
        goal = len(self.events) + 1
        taken = {shooter["num"]}
        for mark, statistic, chance in (("AssistPrimary", "a1", 0.8), ("AssistSecondary", "a2", 0.35)):
            before = next(
                (
                    event
                    for event in reversed(self.events[-9:])
                    if event["type"] in ("Pass", "Zone_Entry_Exit", "Shot")
                    and event["team"] == side
                    and event["period"] == self._period
                    and not event["players"][0]["playD1"].startswith("Assist")
                    and str(event["players"][0]["num"]) not in taken
                ),
                None,
            )
            if before is None or self.rng.random() > chance:
                return
            passer = before["players"][0]
            passer["playD1"], before["assistToGoalIdx"] = mark, goal
            taken.add(str(passer["num"]))
            self.truth.count(side, {"num": str(passer["num"])}, statistic)

    def _goal(self, side: str, shooter: Player, goalie: Player) -> Outcome:
        other = OTHER[side]
        goal = self._emit(
            "Goal", side, "Goal_Scored", self.rng.choice(chances.HOW["Goal"]), ((side, shooter), (other, goalie))
        )
        if self.shots:
            shot = self.events[-2]
            goal |= {"zone": shot["zone"], "puckXY": copy.deepcopy(shot["puckXY"])}
        self.truth.count_both(side, shooter, "goals")
        self.truth.score[side][self._period] += 1
        players = {team: sum(bool(player) for player in self._ice[team].values()) for team in OTHER}
        power_play = players[side] > players[other]
        for team, sign in ((side, 1), (other, -1)):
            for slot, player in self._ice[team].items():
                if player and slot == "G":
                    self.truth.count(team, player, "ga", int(sign < 0))
                elif player:
                    self.truth.count(team, player, "plus_minus_all", sign)
                    self.truth.count(team, player, "plus_minus", 0 if power_play else sign)
        if power_play:
            self._penalties[other] = []
        return self._whistle(side, "Stoppage_Goal", f"{side.title()} Goal", "FaceoffAfterGoal")

    def _penalty(self, side: str) -> Outcome:
        player = self._skater(side)
        self._emit("Penalty", side, "Penalty_Minor", self.rng.choice(chances.HOW["Penalty"]), ((side, player),))
        self.truth.count_both(side, player, "penalties")
        self.truth.count_both(side, player, "pim", PENALTY_LENGTHS["minor"])
        if not any(ends > self._played() for ends in self._penalties[side]):
            self._penalties[side] = [self._played() + 60 * PENALTY_LENGTHS["minor"]]
        return self._whistle(side, "Stoppage_Penalty", f"{side.title()} Penalty", "FaceoffAfterPenalty")

    def _whistle(self, side: str, detail2: str, stop_type: str, start_type: str) -> Outcome:
        """Add a stoppage with a running clock, a new stint and a faceoff."""
        self._emit("Stoppage", side, "Stoppage_Play", detail2, ((side, self._skater(side)),))
        dead = min(int(self._clock), self.rng.randint(10, 32))
        self._emit("DeadIce", side, people=((side, self._skater(side)),), end=self._clock - dead)
        self._close_stint(self._clock, stop_type)
        self._start_type, self._dead = start_type, dead
        self._change(whistle=True)
        self._clock -= dead
        if self._clock <= 0:
            return None
        after = start_type.removeprefix("Faceoff")
        return self._faceoff(f"Faceoff_{after}" if after.startswith("After") else "Faceoff")

    def _faceoff(self, detail1: str) -> Outcome:
        side = self.rng.choice(list(OTHER))
        winner, loser = self._skater(side), self._skater(OTHER[side])
        self._emit("Faceoff", side, detail1, "", ((side, winner), (OTHER[side], loser)))
        self.truth.count_both(side, winner, "fo_won")
        self.truth.count(OTHER[side], loser, "fo_lost")
        return ("Faceoff", side)

    def _play(self) -> None:
        for number in self.periods:
            self._period = number
            first, last = number == 1, number == len(self.periods)
            self._clock = self._stint_start = self.lengths[str(number)] * 60
            self._dead, self._start_type = 0, "GameStart" if first else "PeriodStart"
            self._next_change = self._clock - 25
            if first:
                self._emit("GameStart", "home")
            self._play_period(self._faceoff("Faceoff_GameStart" if first else "Faceoff_PeriodStart"))
            self._clock = 0
            self._emit("Stoppage", "home", "Stoppage_GameEnd" if last else "Stoppage_PeriodEnd")
            self._close_stint(0, "GameEnd" if last else "Period End")
            if not last:
                self._emit("Intermission", "home")
                self.stints.append(empty_stint(self._period, "Intermission"))
        self._emit("GameEnd", "home")

    def _play_period(self, follows: Outcome) -> None:
        rng = self.rng
        while follows:
            self._clock -= rng.choices([0, 1, 2, 3, 4, 6, 9], [35, 22, 16, 10, 8, 6, 3])[0]
            if self._clock <= 0:
                return
            if self._clock < self._next_change and self._close_stint(int(self._clock), ""):
                self._change(whistle=False)
            kind, side = follows
            choices = chances.NEXT.get(kind, chances.NEXT["Possession"])
            kind, _, same = rng.choices(choices, [weight for _, weight, _ in choices])[0]
            side = side if rng.random() < same else OTHER[side]
            chance = rng.random()
            if chance < chances.PENALTY:
                follows = self._penalty(side)
            elif chance < chances.PENALTY + chances.STOPPAGE:
                detail2, stop_type = rng.choice(chances.WHISTLES)
                follows = self._whistle(side, detail2, stop_type.format(side.title()), "OtherFaceoff")
            elif kind == "Shot":
                follows = self._shot(side)
            else:
                self._skater_event(kind, side)
                follows = (kind, side)


def empty_stint(period: int, start_type: str) -> dict[str, Any]:
    """Return a stint without players."""
    return {
        "period": period,
        "start_time": "",
        "end_time": "",
        "start_type": start_type,
        "stop_type": "",
        "strength": "0v0",
        "duration": None,
        "stoppageTime": 0,
        **{side: dict.fromkeys((*SKATERS, "G", "X")) for side in OTHER},
    }

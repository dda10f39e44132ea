"""Compute the statistics of tests/ingest/reading/oracle.py from the canonical form.

Equal results prove that reading loses nothing. The code also shows how a query has to count.
"""

from collections import Counter, defaultdict

from stanchion.ingest.reading.goals import is_goal, scorer
from stanchion.ingest.reading.rosters import OTHER


def identity(player):
    """Return the side and jersey that identify a player. All players of a side without a jersey count as one."""
    return player.side, player.jersey or ""


def without_zeros(counts):
    return {key: found for key, counter in counts.items() if (found := {k: int(v) for k, v in counter.items() if v})}


class Statistics:
    def __init__(self, game):
        self.game = game
        self.teams = {"home": Counter(), "away": Counter()}
        self.players = defaultdict(Counter)
        self.events = [event for event in game.events if event.action.side]
        self.goals = self._goals()
        self._assists()
        self._counts()
        self._time()
        self._on_ice()

    def count(self, event, name, by=1):
        player = scorer(event)
        self.teams[player.side if player else event.action.side][name] += by
        if player:
            self.players[identity(player)][name] += by

    def side_of(self, event):
        player = scorer(event)
        return player.side if player else event.action.side

    def _goals(self):
        goals, seen = [], set()
        for event in filter(is_goal, self.events):
            player = scorer(event)
            key = (
                event.period,
                event.start_s,
                player and identity(player),
                event.action.side if player is None else None,
            )
            if key in seen and event.start_s is not None:
                continue
            seen.add(key)
            goals.append(event)
            self.count(event, "goals")
        return goals

    def _assists(self):
        goals = {goal.event_no: goal for goal in self.goals}
        credited = {}
        for event in self.events:
            for person in event.participants:
                marks = f"{person.detail1 or ''} {person.detail2 or ''}"
                kind = "a1" if "AssistPrimary" in marks else "a2" if "AssistSecondary" in marks else None
                if kind is None:
                    continue
                linked = event.assist_to in goals
                goal = goals.get(event.assist_to) or next(
                    (g for g in self.goals if self._reaches(event, person, g)), None
                )
                if goal is None:
                    self.teams[person.side]["assist_marks_lost"] += 1
                    continue
                credit = credited.setdefault((goal.event_no, identity(person)), [kind, False])
                credit[1] |= linked
        for (_, player), (kind, linked) in credited.items():
            self.players[player][kind] += 1
            self.players[player][f"{kind}_linked"] += linked
            self.teams[player[0]]["assists"] += 1

    def _reaches(self, event, person, goal):
        return (
            goal.event_no >= event.event_no
            and (self.side_of(goal), goal.period) == (person.side, event.period)
            and None not in (event.start_s, goal.start_s)
            and 0 <= event.start_s - goal.start_s <= 30
        )

    def _counts(self):
        lengths = {"minor": 2, "major": 5, "misconduct": 10} | self.game.penalty_minutes
        shots_of_goals = Counter()
        for event in self.events:
            detail = event.action.detail1 or ""
            if event.action.type == "Shot":
                self.count(event, "shots")
                self.count(event, "sog", "OnNet" in detail or detail.endswith("Goal"))
                team = self.teams[self.side_of(event)]
                team["shots_blocked"] += "Blocked" in detail
                team["shots_missed"] += "Missed" in detail or "HitPost" in detail
                team["shots_deflected"] += detail == "Shot_Deflected"
                shots_of_goals[event.period, event.start_s, event.action.side] += detail.endswith("Goal")
            elif event.action.type == "Faceoff":
                self.count(event, "fo_won")
                for person in event.participants:
                    if (person.role, person.role_no) == ("opp", 1):
                        self.players[identity(person)]["fo_lost"] += 1
            elif event.action.type == "Penalty":
                penalty_class = next(
                    (name for name in ("misconduct", "major", "minor") if name in detail.lower()), None
                )
                self.count(event, "penalties")
                self.count(event, "pim", lengths.get(penalty_class, 0))
            elif event.action.type == "Save":
                self.count(event, "saves")
            elif event.action.type == "Turnover" and "Giveaway" in detail:
                self.count(event, "giveaways")
            elif event.action.type == "Turnover" and "Takeaway" in detail:
                self.count(event, "takeaways")
            elif event.action.type == "Pass":
                self.count(event, "passes")
                self.count(event, "passes_completed", "Completed" in detail)
        for goal in self.goals:
            key = (goal.period, goal.start_s, self.side_of(goal))
            if shots_of_goals[key] > 0:
                shots_of_goals[key] -= 1
                continue
            player = scorer(goal)
            for name in ("shots", "sog"):
                self.teams[self.side_of(goal)][name] += 1
                if player and player.jersey:
                    self.players[identity(player)][name] += 1

    def _time(self):
        last = {}
        for stint in self.game.stints:
            seconds = round(stint.start_s - stint.end_s)
            for side in ("home", "away"):
                self.teams[side]["toi_s"] += seconds
            for player in {identity(player) for player in stint.on_ice}:
                counts = self.players[player]
                counts["toi_s"] += seconds
                counts["toi_net_s"] += max(0, seconds - max(0, stint.stoppage_s or 0))
                counts["stints"] += 1
                counts["shifts"] += last.get(player) != (stint.stint_no - 1, stint.period)
                last[player] = (stint.stint_no, stint.period)

    def _on_ice(self):
        for goal in self.goals:
            here = [s for s in self.game.stints if s.period == goal.period and goal.start_s is not None]
            stint = next((s for s in here if s.start_s > goal.start_s >= s.end_s), None)
            stint = stint or next((s for s in here if s.start_s == goal.start_s), None)
            if stint is None:
                continue
            side = self.side_of(goal)
            players = {team: {p.jersey for p in stint.on_ice if p.side == team} for team in OTHER}
            goalies = {p.side: p.jersey for p in stint.on_ice if p.slot == "G"}
            self.teams[side]["empty_net_goals"] += OTHER[side] not in goalies
            power_play = len(players[side]) > len(players[OTHER[side]])
            for team, sign in ((side, 1), (OTHER[side], -1)):
                for number in players[team]:
                    counts = self.players[team, number]
                    if number == goalies.get(team):
                        counts["ga"] += sign < 0
                        continue
                    counts["plus_minus_all"] += sign
                    counts["plus_minus"] += 0 if power_play else sign

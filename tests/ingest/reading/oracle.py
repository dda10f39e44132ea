"""Compute the statistics of a game export from the file itself, without any code of the reader.

The code follows the definitions of the statistics and works on the tree that json.loads returns. Statistics from the
canonical form (tests/ingest/reading/canonical.py) must be equal; otherwise reading has lost data that they need.
"""

import re
from collections import Counter, defaultdict

SIDES = ("home", "away")
SLOTS = ("F1", "F2", "F3", "D1", "D2", "G", "X")
OTHER = {"home": "away", "away": "home"}


def clock(text):
    match = re.fullmatch(r"\s*(\d{1,2}):(\d{1,2}(?:\.\d+)?)\s*", text) if isinstance(text, str) else None
    return None if match is None else int(match[1]) * 60 + float(match[2])


def code(text):
    return re.sub(r"[\s/-]+", "_", str(text).strip()) if text else ""


def role(text):
    match = re.fullmatch(r"(event|opp)(?:_team)?_player_(\d+)", str(text or "").strip())
    return (match[1], int(match[2])) if match else (None, None)


def jersey(value):
    text = str(value).strip() if value is not None else ""
    return "" if text in ("", "null", "None") else re.sub(r"\.0$", "", text)


class Oracle:
    """The counts of a game export: `teams` by side, `players` by (side, jersey)."""

    def __init__(self, tree):
        self.tree = tree
        self.teams = {side: Counter() for side in SIDES}
        self.players = defaultdict(Counter)
        self.roster = {side: {} for side in SIDES}
        for side in SIDES:
            for line in (tree.get("rosters") or {}).get(side) or []:
                self.roster[side][jersey(line.get("num")) or f"id:{line.get('id')}"] = line
        self.events = []
        for place, raw in enumerate(tree.get("events") or []):
            event = {
                "place": place,
                "type": code(raw.get("type")),
                "detail": code(raw.get("detail1")),
                "team": raw.get("team"),
                "period": int(str(raw.get("period") or 0)),
                "at": clock(raw.get("start_time")),
                "raw": raw,
            }
            if event["type"] and event["team"] in SIDES:
                self.events.append(event)
        self.goals = self._goals()
        self._assists()
        self._counts()
        self.stints = self._stints()
        self._on_ice()

    def identity(self, event, person):
        by_role = event["team"] if role(person.get("role"))[0] != "opp" else OTHER[event["team"]]
        side = person.get("team") if person.get("team") in SIDES else by_role
        number = jersey(person.get("num"))
        mine, theirs = self.roster[side].get(number), self.roster[OTHER[side]].get(number)
        if mine is None and theirs is not None and theirs.get("name") == person.get("name"):
            side = OTHER[side]
        return side, number

    def first(self, event, which=("event", 1)):
        for person in event["raw"].get("players") or []:
            if role(person.get("role")) == which:
                return self.identity(event, person)
        return None

    def count(self, event, name, by=1):
        """Count for event player 1 and that player's team; without an event player 1, only for the event's team."""
        player = self.first(event)
        self.teams[player[0] if player else event["team"]][name] += by
        if player:
            self.players[player][name] += by

    def _goals(self):
        goals, seen = [], set()
        for event in self.events:
            if (event["type"], event["detail"]) != ("Goal", "Goal_Scored"):
                continue
            scorer = self.first(event)
            side = scorer[0] if scorer else event["team"]
            key = (event["period"], event["at"], side, scorer and scorer[1])
            if key in seen and event["at"] is not None:
                continue
            seen.add(key)
            goals.append({"event": event, "side": side, "scorer": scorer, "period": event["period"], "at": event["at"]})
            self.count(event, "goals")
        return goals

    def _assists(self):
        by_index = {goal["event"]["raw"].get("idx", goal["event"]["place"]): goal for goal in self.goals}
        credited = {}
        for event in self.events:
            for person in event["raw"].get("players") or []:
                marks = f"{person.get('playD1') or ''} {person.get('playD2') or ''}"
                kind = "a1" if "AssistPrimary" in marks else "a2" if "AssistSecondary" in marks else None
                if kind is None:
                    continue
                player = self.identity(event, person)
                target = event["raw"].get("assistToGoalIdx")
                goal = by_index.get(target) if isinstance(target, int) else None
                linked = goal is not None
                if goal is None:
                    goal = next(
                        (
                            goal
                            for goal in self.goals
                            if goal["event"]["place"] >= event["place"]
                            and (goal["side"], goal["period"]) == (player[0], event["period"])
                            and event["at"] is not None
                            and goal["at"] is not None
                            and 0 <= event["at"] - goal["at"] <= 30
                        ),
                        None,
                    )
                if goal is None:
                    self.teams[player[0]]["assist_marks_lost"] += 1
                    continue
                key = (goal["event"]["place"], player)
                if key in credited:
                    credited[key][1] |= linked
                else:
                    credited[key] = [kind, linked]
        for (_, player), (kind, linked) in credited.items():
            self.players[player][kind] += 1
            self.players[player][f"{kind}_linked"] += linked
            self.teams[player[0]]["assists"] += 1

    def _counts(self):
        lengths = self.tree.get("penaltyLengths") or {}
        shots_of_goals = Counter()
        for event in self.events:
            kind, detail = event["type"], event["detail"]
            if kind == "Shot":
                self.count(event, "shots")
                self.count(event, "sog", "OnNet" in detail or detail.endswith("Goal"))
                player = self.first(event)
                team = self.teams[player[0] if player else event["team"]]
                team["shots_blocked"] += "Blocked" in detail
                team["shots_missed"] += "Missed" in detail or "HitPost" in detail
                team["shots_deflected"] += detail == "Shot_Deflected"
                shots_of_goals[event["period"], event["at"], event["team"]] += detail.endswith("Goal")
            elif kind == "Faceoff":
                self.count(event, "fo_won")
                for person in event["raw"].get("players") or []:
                    if role(person.get("role")) == ("opp", 1):
                        self.players[self.identity(event, person)]["fo_lost"] += 1
            elif kind == "Penalty":
                low = detail.lower()
                penalty_class = next((name for name in ("misconduct", "major", "minor") if name in low), None)
                default = {"minor": 2, "major": 5, "misconduct": 10}.get(penalty_class, 0)
                self.count(event, "penalties")
                self.count(event, "pim", int(lengths.get(penalty_class, default)))
            elif kind == "Save":
                self.count(event, "saves")
            elif kind == "Turnover" and "Giveaway" in detail:
                self.count(event, "giveaways")
            elif kind == "Turnover" and "Takeaway" in detail:
                self.count(event, "takeaways")
            elif kind == "Pass":
                self.count(event, "passes")
                self.count(event, "passes_completed", "Completed" in detail)
        for goal in self.goals:
            key = (goal["period"], goal["at"], goal["side"])
            if shots_of_goals[key] > 0:
                shots_of_goals[key] -= 1
                continue
            for name in ("shots", "sog"):
                self.teams[goal["side"]][name] += 1
                if goal["scorer"] and goal["scorer"][1]:
                    self.players[goal["scorer"]][name] += 1

    def _stints(self):
        stints, last = [], {}
        for place, row in enumerate(self.tree.get("shifts") or []):
            ice = {
                side: {
                    slot: jersey(player["num"])
                    for slot in SLOTS
                    if isinstance(player := (row.get(side) or {}).get(slot), dict) and jersey(player.get("num"))
                }
                for side in SIDES
            }
            start, end = clock(row.get("start_time")), clock(row.get("end_time"))
            if not any(ice.values()) or start is None or end is None or end > start:
                continue
            period, seconds = int(str(row.get("period") or 0)), round(start - end)
            net = max(0, seconds - max(0, row.get("stoppageTime") or 0))
            stints.append({"period": period, "start": start, "end": end, "ice": ice})
            for side in SIDES:
                self.teams[side]["toi_s"] += seconds
                for number in set(ice[side].values()):
                    counts = self.players[side, number]
                    counts["toi_s"] += seconds
                    counts["toi_net_s"] += net
                    counts["stints"] += 1
                    counts["shifts"] += last.get((side, number)) != (place - 1, period)
                    last[side, number] = (place, period)
        return stints

    def _on_ice(self):
        for goal in self.goals:
            here = [stint for stint in self.stints if stint["period"] == goal["period"] and goal["at"] is not None]
            stint = next((s for s in here if s["start"] > goal["at"] >= s["end"]), None)
            stint = stint or next((s for s in here if s["start"] == goal["at"]), None)
            if stint is None:
                continue
            side, other = goal["side"], OTHER[goal["side"]]
            players = {team: len(set(stint["ice"][team].values())) for team in SIDES}
            self.teams[side]["empty_net_goals"] += "G" not in stint["ice"][other]
            for team, sign in ((side, 1), (other, -1)):
                for number in set(stint["ice"][team].values()):
                    counts = self.players[team, number]
                    if number == stint["ice"][team].get("G"):
                        counts["ga"] += sign < 0
                        continue
                    counts["plus_minus_all"] += sign
                    counts["plus_minus"] += 0 if players[side] > players[other] else sign

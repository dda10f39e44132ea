"""Build a game from the rows of a file as a mapping describes them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import msgspec

from stanchion.ingest.reading.feed import Feed, Person, identifier
from stanchion.ingest.reading.jsontext import REPLACEMENT
from stanchion.ingest.reading.mapping.convert import (
    Cells,
    Times,
    folded,
    name_of,
    penalty_class,
    point_of,
    strength_of,
    truth_of,
)  # fmt: skip
from stanchion.ingest.reading.mapping.patterns import fields
from stanchion.ingest.reading.mapping.rows import GameHeader, Games, Row, side_of_values
from stanchion.ingest.reading.mapping.schema import MANY, ROLES, Mapping, PersonOf, Rule, TeamOf
from stanchion.ingest.reading.model import Game, Lacks, Side
from stanchion.ingest.reading.rosters import OTHER
from stanchion.ingest.reading.values import BadValueError, code, text, whole

_CODES: Final[dict[str, tuple[str, str | None]]] = {
    "goal": ("Goal", "Goal_Scored"),
    "shot_of_goal": ("Shot", "Shot_Goal"),
    "shot": ("Shot", "Shot_OnNet"),
    "missed": ("Shot", "Shot_Missed"),
    "post": ("Shot", "Shot_HitPost"),
    "blocked": ("Shot", "Shot_Blocked"),
    "shot_attempt": ("Shot", "Shot"),
    "faceoff": ("Faceoff", "Faceoff_Won"),
    "hit": ("Hit", None),
    "giveaway": ("Turnover", "Turnover_Giveaway"),
    "takeaway": ("Turnover", "Turnover_Takeaway"),
    "pass": ("Pass", "Pass_Completed"),
    "missed_pass": ("Pass", "Pass_Missed"),
    "recovery": ("Possession", "Possession_PuckRecovery"),
    "dump": ("Play", "Play_Offensive"),
    "zone_entry": ("Zone_Entry_Exit", "Zone_Entry"),
    "zone_exit": ("Zone_Entry_Exit", "Zone_Exit"),
}
_SUCCEEDED: Final = {"pass": True, "missed_pass": False}
_OPPONENTS: Final = ("goalie", "opponent", "minus")
# role of a mapping: role, number in the role, and mark of a participant
_PLACES: Final[dict[str, tuple[Any, int, str | None]]] = {
    "player": ("event", 1, None),
    "assist1": ("event", 2, "AssistPrimary"),
    "assist2": ("event", 3, "AssistSecondary"),
    "team_mate": ("event", 2, None),
    "goalie": ("opp", 1, None),
    "opponent": ("opp", 1, None),
    "plus": ("event", 9, "Plus"),
    "minus": ("opp", 9, "Minus"),
}
_NO_GAME: Final = "The row does not contain which game it belongs to."
_NO_VALUES: Final = "The row has none of the values that the mapping names, or is not valid."


class _Who(NamedTuple):
    """A player of a row."""

    key: str  # in the Feed
    is_key: bool  # the source has an id or a name; else the key is the side and the jersey
    jersey: str | None
    name: str | None
    position: str | None


class _Read(NamedTuple):
    """A row with its rule and players."""

    row: Row
    rule: Rule
    side: Side | None
    people: list[tuple[str, _Who]]  # role and player


def build(mapping: Mapping, header: GameHeader, rows: list[Row]) -> Game:
    """Return the game. Rows that cannot be used are rejected with a reason."""
    return _Reading(mapping, header, rows).game()


def lacks(mapping: Mapping) -> tuple[Lacks, ...]:
    """Return what a source with this mapping does not record, because no rule reads it."""

    def reads(*plays: str, role: str | None = "player") -> bool:
        return any(rule.play in plays and (role is None or getattr(rule, role)) for rule in mapping.events)

    found: dict[Lacks, bool] = {
        "assists": not reads("goal", role="assist1"),
        "blocks": not reads("blocked", role="opponent"),
        "coordinates": mapping.coordinates is None,
        "faceoffs": not reads("faceoff"),
        "giveaways": not reads("giveaway"),
        "goalie_time": True,
        "goalies": not reads("goal", role="goalie"),
        "hits": not reads("hit"),
        "ice_time": True,
        "missed_shots": not reads("missed", "post", role=None),
        "on_ice": True,
        "passes": not reads("pass"),
        "penalties": not reads("penalty", role=None),
        "penalty_minutes": not (reads("penalty", role="minutes") or reads("penalty", role="penalty_class")),
        "plus_minus": not reads("goal", role="plus"),
        "saves": not reads("shot", role="goalie"),
        "shootouts": not reads("shootout_goal", role=None),
        "strength": mapping.strength is None,
        "takeaways": not reads("takeaway"),
    }
    return tuple(sorted({name for name, is_lacking in found.items() if is_lacking} | set(mapping.lacks)))


class _Reading:
    """The rows of one game, and what has been read from them."""

    def __init__(self, mapping: Mapping, header: GameHeader, rows: list[Row]) -> None:
        self.mapping, self.header, self.rows = mapping, header, rows
        self.times = Times(mapping.period, mapping.clock)
        self.feed = Feed(
            mapping.name,
            header.key,
            header.home,
            header.away,
            played_on=header.date,
            period_seconds=self.times.lengths,
            lacks=lacks(mapping),
        )
        self.rules = [
            (rule, [(ref, set(map(folded, _listed(values)))) for ref, values in rule.when.items()])
            for rule in mapping.events
        ]
        self.conditions = list(dict.fromkeys(ref for rule in mapping.events for ref in rule.when))
        self.rule_of: dict[tuple[str, ...], Rule | None] = {}  # by the values of the conditions
        self.games = Games(mapping)
        self.names = {folded(header.away): "away", folded(header.home): "home"}

    def game(self) -> Game:
        read = list(self._read())
        self._add_people(read)
        for each in read:
            with self.feed.row(each.row[0], each.row[1], self._part):
                self._play(each)
        kept = [row for row in self.rows if row[0] not in self.ignored]
        cells = (value for _, values in kept for value in values.values())
        self.feed.flags["text_repaired"] += sum(isinstance(cell, str) and REPLACEMENT in cell for cell in cells)
        archived = {"mapping": self.mapping, "game": self.header, "rows": kept}
        return self.feed.game(msgspec.json.encode(archived))

    @property
    def _part(self) -> Any:
        return "row" if self.mapping.kind == "csv" else "event"

    # ---------------------------------------------------------------- rows

    def _read(self) -> Iterator[_Read]:
        """Yield the rows that are plays, and reject those that cannot be read."""
        self.ignored: set[int] = set()
        for row in self.rows:
            line, cells = row
            with self.feed.row(line, cells, self._part):
                found = self._read_row(row)
                if found is None:
                    self.ignored.add(line)
                else:
                    yield found

    def _read_row(self, row: Row) -> _Read | None:
        cells = row[1]
        if not cells:
            raise BadValueError(_NO_VALUES)
        own = self.games.of_row(cells)
        if own is None or own.key != self.header.key:
            raise BadValueError(_NO_GAME)
        rule = self._rule(cells)
        if rule is None:
            raise BadValueError("No rule of the mapping fits the row.")
        if rule.play == "ignore":
            return None
        side = self._side(cells)
        if rule.team == "other" and side:
            side = OTHER[side]
        people = [
            (role, who)
            for role in ROLES
            if (name := getattr(rule, role))
            for who in self._who(self.mapping.people[name], cells, _side_of_role(role, side), many=role in MANY)
        ]
        return _Read(row, rule, side, people)

    def _rule(self, cells: Cells) -> Rule | None:
        written = tuple(folded(cells.get(ref)) for ref in self.conditions)
        if written not in self.rule_of:
            values = dict(zip(self.conditions, written, strict=True))
            fits = (rule for rule, when in self.rules if all(values[ref] in allowed for ref, allowed in when))
            self.rule_of[written] = next(fits, None)
        return self.rule_of[written]

    def _side(self, cells: Cells) -> Side | None:
        team = self.mapping.team
        if isinstance(team, TeamOf) and team.home is not None:
            return side_of_values(self.mapping, cells)
        written = folded(cells.get(team.column if isinstance(team, TeamOf) else team))
        return self.names.get(written) if written else None  # type: ignore[return-value]

    # ---------------------------------------------------------------- people

    def _who(self, of: PersonOf, cells: Cells, side: Side | None, *, many: bool) -> list[_Who]:
        """Return the players in the columns of a person: at most one, unless the columns contain several."""
        if many:
            ref = of.id or of.jersey or of.name
            written = cells.get(ref) if ref else None
            values = written if isinstance(written, list) else str(written or "").replace(",", " ").split()
            single = msgspec.structs.replace(of, name=None, position=None)
            return [who for value in values[:60] for who in self._who(single, {ref or "": value}, side, many=False)]
        found: dict[str, Any] = {
            field: cells.get(ref) for field in ("id", "name", "jersey", "position") if (ref := getattr(of, field))
        }
        if of.text and of.pattern:
            found = fields(of.pattern, str(cells.get(of.text, ""))) | {k: v for k, v in found.items() if v is not None}
        shirt, name, position = name_of(found.get("jersey")), text(found.get("name")), text(found.get("position"))
        person = identifier(found.get("id")) if not isinstance(found.get("id"), bool | list | dict) else None
        if person:
            return [_Who(person, True, shirt, name, position)]
        if name:
            return [_Who(f"name:{name.casefold()}", True, shirt, name, position)]
        return [_Who(f"{side}#{shirt}", False, shirt, None, position)] if shirt and side else []

    def _add_people(self, read: Iterable[_Read]) -> None:
        """Put each player on the side that most rows name. Rows in which the player acts decide before others."""
        acting: dict[str, Counter[Side]] = defaultdict(Counter)
        others: dict[str, Counter[Side]] = defaultdict(Counter)
        everyone: dict[_Who, None] = {}
        for each in read:
            for role, who in each.people:
                everyone[who] = None
                side = _side_of_role(role, each.side)
                if side:
                    (acting if role == "player" else others)[who.key][side] += 1
        self.sides = {key: counted.most_common(1)[0][0] for key, counted in (others | acting).items()}
        for who in everyone:
            if who.key in self.sides:
                side = self.sides[who.key]
                self.feed.person(side, who.key, who.jersey, who.name, who.position, is_key=who.is_key)

    # ---------------------------------------------------------------- plays

    def _play(self, read: _Read) -> None:
        (_, cells), rule, side, _ = read
        written = text(next((cells[ref] for ref in rule.when if isinstance(cells.get(ref), str)), None))
        if rule.play in ("shootout_goal", "shootout_saved", "shootout_missed"):
            outcome: Any = rule.play.removeprefix("shootout_").title()
            self.feed.shootout(outcome, side=side, people=self._people(read))
            return
        number, left = self.times.of(cells, rule.later_by)
        kind, detail1 = _CODES.get(rule.play, (rule.play.title(), None))
        if rule.code:
            kind, detail1 = rule.code[0], rule.code[1] if len(rule.code) > 1 else None
        strength = strength_of(self.mapping.strength, cells, side) if self.mapping.strength else None
        if rule.penalty_shot and strength:
            strength = "even"
        empty_net = truth_of(cells.get(rule.empty_net)) if rule.empty_net else None
        minutes = None
        if rule.play == "penalty":
            minutes = whole(cells.get(rule.minutes)) if rule.minutes else None
            if minutes is not None and not 0 <= minutes <= 100:
                raise BadValueError("The minutes of the penalty are not a number from 0 to 100.")
            name, is_assumed = penalty_class(cells.get(rule.penalty_class) if rule.penalty_class else None, minutes)
            detail1 = f"Penalty_{name}"
            self.feed.flags["penalty_class_assumed"] += is_assumed
        left_out = set()
        if empty_net:
            left_out.add("goalie")
        if strength == "power_play" or rule.penalty_shot:
            left_out |= {"plus", "minus"}
        people = self._people(read, left_out)
        self.feed.play(
            number,
            left,
            kind,
            detail1,
            _detail2(kind, rule, cells),
            side=side,
            people=people,
            point=point_of(self.mapping.coordinates, cells, side) if self.mapping.coordinates else None,
            success=truth_of(cells.get(rule.success)) if rule.success else _SUCCEEDED.get(rule.play),
            minutes=minutes,
            gives_power_play=truth_of(cells.get(rule.gives_power_play)) if rule.gives_power_play else None,
            strength=strength,
            is_empty_net=empty_net,
            written=written,
        )
        goalie = next((person for person in people if person[0] == "opp" and person[1] == 1), None)
        if rule.play == "shot" and rule.goalie and goalie and side:
            self.feed.play(
                number, left, "Save", "Save_Shot", side=OTHER[side], people=[("event", 1, goalie[2], None)],
                written=written,
            )  # fmt: skip

    def _people(self, read: _Read, left_out: Iterable[str] = ()) -> list[Person]:
        found: list[Person] = []
        for role, who in read.people:
            if role in left_out:
                continue
            place, number, mark = _PLACES[role]
            if read.rule.play == "goal" and role == "goalie":
                mark = "GoalAgainst"
            if read.rule.play == "blocked" and role == "opponent":
                mark = "BlockedShot"
            side = _side_of_role(role, read.side)
            self.feed.flags["participant_moved"] += side is not None and self.sides.get(who.key, side) != side
            found.append((place, number, who.key, mark))
        return found


def _listed(values: Any) -> list[Any]:
    return values if isinstance(values, list) else [values]


def _side_of_role(role: str, side: Side | None) -> Side | None:
    return OTHER[side] if side and role in _OPPONENTS else side


def _detail2(kind: str, rule: Rule, cells: Cells) -> str | None:
    if rule.penalty_shot and kind in ("Goal", "Shot"):
        return f"{kind}_PenaltyShot"
    written = code(cells.get(rule.detail)) if rule.detail else None
    return f"{kind}_{written}" if written else None

"""Write a mapping for a sample file, with comments. The user checks it and replaces what was guessed wrongly."""

import json
import re
import textwrap
from collections.abc import Iterator
from typing import Final, get_args

from stanchion.ingest.reading.jsontext import LIST
from stanchion.ingest.reading.mapping import guess
from stanchion.ingest.reading.mapping.sample import Sample
from stanchion.ingest.reading.mapping.schema import FILE, PlayName
from stanchion.ingest.reading.sources import Document

_PLAIN: Final = re.compile(r"[A-Za-z$^][\w$^. /-]*")
_WORDS: Final = ("true", "false", "null")
_OPPONENT_OF: Final = ("faceoff", "hit", "blocked", "penalty")
_PLAYER: Final = re.compile(r"\b(player|shooter|scorer|skater|person)\b")
_FIELDS: Final = {"id": "id", "name": "name", "jersey": "jersey", "number": "jersey", "no": "jersey"}
_COLUMNS_OF: Final = (
    ("detail", ("goal", "shot_of_goal", "shot", "missed", "blocked")),
    ("minutes", ("penalty",)),
    ("gives_power_play", ("penalty",)),
    ("empty_net", ("goal", "shot_of_goal")),
)
_ATTEMPTS: Final = {"goal": "shootout_goal", "shot": "shootout_saved"}
_LONGEST_LINE: Final = 110
_UNKNOWN: Final = "UNKNOWN"
_NUMBERED_NAME: Final = re.compile(r"#\d+ \S.*")


def propose(document: Document, name: str) -> str:
    """Return the YAML of a mapping for the format of this file."""
    return "\n".join(_Proposal(Sample(document), name).lines()) + "\n"


class _Proposal:
    def __init__(self, sample: Sample, name: str) -> None:
        self.sample, self.name = sample, name
        self.columns = sample.columns
        self.event = guess.find(self.columns, "event", lambda each: guess.has_few_values(sample, each))
        self.period = guess.find(self.columns, "period")
        self.clock = guess.find(self.columns, "clock")
        venue = guess.find(self.columns, "venue", lambda each: guess.sides_of(sample, each) is not None)
        self.venue = venue or next((each for each in self.columns if guess.sides_of(sample, each)), None)
        self.people = dict(self._people())
        self.used: list[str] = []

    def lines(self) -> Iterator[str]:
        kind = "json" if self.sample.rows is not None else "csv"
        yield "# Proposed from a sample file. Check every line, then: stanchion formats check FILE --mapping THIS"
        yield f"name: {_quoted(self.name)}"
        yield f"kind: {kind}"
        body = [*self._game(), "", *self._time(), "", *self._ice(), *self._persons(), "", *self._events()]
        yield "# a file that has all of these has this format"
        yield f"recognise: {_listed(self._recognised())}"
        if self.sample.rows is not None:
            yield f"rows: {_quoted(self.sample.rows)}  # the path to the list of rows"
        yield ""
        yield from body
        yield ""
        others = [each for each in self.columns if each not in self.used and not self._is_of_person(each)]
        if others:
            yield f"# Not used: {', '.join(map(_quoted, others))}"

    def _recognised(self) -> list[str]:
        """Return the columns, or the keys at the top of a document, that a file of the format must have."""
        if self.sample.rows is None:
            decisive = (self.clock, self.event, self.period, *self.used)
            return list(dict.fromkeys(each for each in decisive if each))[:8] or self.columns[:8]
        keys = [self.sample.rows.split(".")[0].removesuffix("[]") or LIST]
        keys += [each.split(".")[1] for each in self.used if each.startswith("$.")]
        if keys[0] == LIST and "." not in self.sample.rows:
            keys += [f"{LIST}.{each}" for each in (self.clock, self.event) if each and "." not in each]
        return list(dict.fromkeys(keys))

    def _use(self, column: str | None) -> str:
        if column and column not in self.used:
            self.used.append(column)
        return _quoted(column or _UNKNOWN)

    # ---------------------------------------------------------------- parts

    def _game(self) -> Iterator[str]:
        find = guess.find
        key, date = find(self.columns, "key", self._is_of_game), find(self.columns, "date")
        home, away = find(self.columns, "home", self._is_name), find(self.columns, "away", self._is_name)
        own, opponent = find(self.columns, "own"), find(self.columns, "opponent")
        yield "game:"
        has_teams = (home and away) or (own and opponent)
        if key:
            yield f"  key: [{self._use(key)}]  # rows with equal values are one game"
        elif date and has_teams:
            yield "  # key: [COLUMN]  # without a key, a game is told apart by its date and its teams"
        else:
            yield f"  key: [{FILE}]  # the name of the file; better is a column with equal values in the rows of a game"
        if date:
            order = guess.date_order(self.sample.values(date))
            example = _comment(next(iter(self.sample.values(date))))
            yield f"  date: {{column: {self._use(date)}, first: {order}}}  # such as {example}"
        if home and away:
            yield f"  home: {self._use(home)}"
            yield f"  away: {self._use(away)}"
        elif own and opponent:
            yield f"  own: {self._use(own)}  # the team of the row"
            yield f"  opponent: {self._use(opponent)}"
        elif not self.venue:
            yield f"  home: {_UNKNOWN}  # no column looks like the name of the home team"
            yield f"  away: {_UNKNOWN}"
        yield ""
        sides = guess.sides_of(self.sample, self.venue) if self.venue else None
        if self.venue and sides:
            yield f"team: {{column: {self._use(self.venue)}, home: {_listed(sides[0])}, away: {_listed(sides[1])}}}"
        else:
            team = find(self.columns, "team", lambda each: each not in (home, away))
            note = "  # contains the name of the home or the away team" if team else "  # whose row it is"
            yield f"team: {self._use(team)}{note}"

    def _time(self) -> Iterator[str]:
        yield "period:"
        yield f"  column: {self._use(self.period)}"
        values = [value for value in self.sample.values(self.period or "") if not value.replace(".0", "").isdigit()]
        if values:
            yield f"  values: {{{', '.join(f'{_quoted(value)}: 4' for value in values[:5])}}}  # not needed for OT"
        yield "  seconds: 1200"
        yield "  overtime_seconds: 300"
        yield ""
        yield "clock:"
        yield f"  column: {self._use(self.clock)}"
        if self.clock:
            for name, value in guess.clock_of(self.sample, self.clock, self.period).items():
                yield f"  {name}: {value}"
        else:
            yield "  direction: down"

    def _ice(self) -> Iterator[str]:
        x, y = guess.find(self.columns, "x"), guess.find(self.columns, "y")
        if x and y:
            yield "coordinates:"
            yield f"  x: {self._use(x)}"
            yield f"  y: {self._use(y)}"
            for name, value in guess.ice_of(self.sample, x, y).items():
                yield f"  {name}: {value}"
            yield "  view: acting  # acting: the team of the row attacks large x; home; or played: teams change ends"
            yield ""
        strength = guess.find(self.columns, "strength")
        if strength and any(re.fullmatch(r"\d\D+\d", value) for value in self.sample.values(strength)):
            yield "strength:"
            yield f"  text: {self._use(strength)}"
            yield "  first: own  # own: the skaters of the team of the row come first; or home"
            yield ""

    def _persons(self) -> Iterator[str]:
        if not self.people:
            yield "people: {}  # no column looks like a player"
            return
        yield "people:"
        for name, fields in self.people.items():
            written = ", ".join(f"{field}: {_quoted(column)}" for field, column in fields.items())
            yield f"  {name}: {{{written}}}"

    def _events(self) -> Iterator[str]:
        plays = textwrap.wrap(" ".join(get_args(PlayName)), 110)
        yield from (f"# {'plays: ' if line is plays[0] else '  '}{line}" for line in plays)
        yield "events:  # the first rule that fits decides"
        if not self.event:
            yield "  - {play: ignore}  # no column looks like the kind of an event"
            return
        has_goals = "goal" in map(guess.play_of, self.sample.values(self.event))
        has_shots_of_goals = False
        for value, count in self.sample.values(self.event).most_common(60):
            play = guess.play_of(value)
            is_split = play in ("shot", "shootout")
            split = guess.outcome_column(self.sample, self.event, value) if is_split else None
            if play == "shootout":
                for outcome in split[1] if split else ():
                    attempt = _ATTEMPTS.get(guess.play_of(outcome) or "", "shootout_missed")
                    yield from self._entry({self.event: value, split[0] if split else "": outcome}, attempt)
                if not split:
                    yield from self._entry(
                        {self.event: value}, "ignore", f"  # {count} rows; choose plays of a shootout"
                    )
                continue
            if play == "shot" and not has_goals and (goal := guess.goal_column(self.sample, self.event, value)):
                yield from self._entry({self.event: value, goal[0]: goal[1]}, "goal")
            if split:
                for outcome in split[1]:
                    found = guess.play_of(outcome)
                    found = "shot_of_goal" if found == "goal" and has_goals else found or "shot"
                    has_shots_of_goals |= found == "shot_of_goal"
                    yield from self._entry({self.event: value, split[0]: outcome}, found)
            else:
                if play == "goal" and has_shots_of_goals:
                    yield "  # add later_by: SECONDS when the row of a goal is later than the row of its shot"
                note = f"  # {count} rows" + ("" if play else "; choose a play")
                yield from self._entry({self.event: value}, play or "ignore", note)

    def _entry(self, when: dict[str, str], play: str, note: str = "") -> Iterator[str]:
        """Yield a rule on one line, or on several when it is long."""
        conditions = ", ".join(f"{self._use(column)}: {_quoted(value)}" for column, value in when.items())
        parts = [f"when: {{{conditions}}}", *self._rule(play)]
        line = f"  - {{{', '.join(parts)}}}{note}"
        if len(line) <= _LONGEST_LINE:
            yield line
        else:
            yield f"  - {parts[0]}{note}"
            yield from (f"    {part}" for part in parts[1:])

    def _rule(self, play: str) -> list[str]:
        """Return the play with the players who take part."""
        parts = [f"play: {play}"]
        if play == "ignore":
            return parts
        roles = {self._role(name): name for name in reversed(self.people)}
        if "player" in roles:
            parts.append(f"player: {roles['player']}")
        if play == "goal":
            parts += [f"{role}: {roles[role]}" for role in ("assist1", "assist2") if role in roles]
        if play in ("goal", "shot", "shootout_goal", "shootout_saved") and "goalie" in roles:
            parts.append(f"goalie: {roles['goalie']}")
        if play in _OPPONENT_OF and "second" in roles:
            parts.append(f"opponent: {roles['second']}")
        if play in ("pass", "missed_pass") and "second" in roles:
            parts.append(f"team_mate: {roles['second']}")
        for meaning, plays in _COLUMNS_OF:
            column = guess.find(self.columns, meaning) if play in plays else None
            if column and column != self.event:
                parts.append(f"{meaning}: {self._use(column)}")
        return parts

    # ---------------------------------------------------------------- people

    def _people(self) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield the name of each player of a row, and the columns of id, name and jersey."""
        found: dict[str, dict[str, str]] = {}
        for column in self.columns:
            named = self._person_of(column)
            if not named:
                continue
            base, field = named
            values = self.sample.values(column)
            if field == "name" and values and all(map(_NUMBERED_NAME.fullmatch, list(values)[:20])):
                found.setdefault(base, {}).update(text=column, pattern="#{jersey} {name}")
            elif field not in found.get(base, {}):
                found.setdefault(base, {})[field] = column
        for base, fields in found.items():
            yield base.replace(" ", "_"), fields

    def _person_of(self, column: str) -> tuple[str, str] | None:
        """Return the name of the player and the field that a column contains; None for other columns."""
        if column.startswith("$."):
            return None
        parts = guess.words(column).split()
        field = next((_FIELDS[part] for part in parts if part in _FIELDS), "name")
        base = " ".join(part for part in parts if part not in _FIELDS)
        if _PLAYER.search(base) or re.search(r"\b(goalie|goaltender|assist|opponent player)\b", base):
            return base, field
        return None

    def _is_of_person(self, column: str) -> bool:
        return self._person_of(column) is not None

    @staticmethod
    def _role(name: str) -> str:
        low = name.lower()
        if "goalie" in low or "goaltender" in low:
            return "goalie"
        if "assist" in low:
            return "assist2" if low.rstrip("_id").endswith("2") or "second" in low else "assist1"
        return "second" if re.search(r"2|other|opp|second|receiver", low) else "player"

    # ---------------------------------------------------------------- what columns contain

    def _is_of_game(self, column: str) -> bool:
        """Return whether a column may be the key of a game: the same in many rows that follow each other."""
        return len(self.sample.values(column)) <= max(1, len(self.sample.cells) // 20)

    def _is_name(self, column: str) -> bool:
        return any(re.search(r"[^\W\d]", value) for value in list(self.sample.values(column))[:20])


def _listed(values: list[str]) -> str:
    return f"[{', '.join(map(_quoted, values))}]"


def _quoted(value: str) -> str:
    """Return a text as YAML, in quotes where it could be read as something else."""
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS and not value.endswith(" "):
        return value
    return json.dumps(value, ensure_ascii=False)


def _comment(value: str) -> str:
    return " ".join(value.split())[:40]

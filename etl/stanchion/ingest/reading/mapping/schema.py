"""The parts of a mapping.

A reference is the name of a column of a CSV file, or the path to a value of a row of JSON, such as `details.player.id`.
A path that begins with `$.` starts at the top of the document, and one that begins with `^.` at the object around the
list of rows. The reference FILE is the name of the file without its suffix.
"""

from typing import Annotated, Any, Final, Literal, get_args

from msgspec import Meta, Struct

from stanchion.ingest.reading.model import Lacks

FILE: Final = "$file"
Ref = Annotated[str, Meta(min_length=1, max_length=200)]
Name = Annotated[str, Meta(min_length=1, max_length=60)]
Written = str | int | float | bool  # a value as a file may contain it
Values = Annotated[list[Written], Meta(min_length=1, max_length=200)]
Seconds = Annotated[int, Meta(ge=1, le=7200)]
PlayName = Literal[
    "goal", "shot_of_goal", "shot", "missed", "post", "blocked", "shot_attempt", "faceoff", "hit", "giveaway",
    "takeaway", "penalty", "shootout_goal", "shootout_saved", "shootout_missed", "pass", "missed_pass", "recovery",
    "dump", "zone_entry", "zone_exit", "other", "ignore",
]  # fmt: skip


class _Part(Struct, forbid_unknown_fields=True, omit_defaults=True):
    pass


class DateOf(_Part):
    """The column of the date, and the part that comes first in dates like 8/2/2022."""

    column: Ref
    first: Literal["year", "day", "month"] = "year"


class GameOf(_Part):
    """What a row contains about its game. Rows with equal keys are one game."""

    key: Annotated[list[Ref], Meta(min_length=1, max_length=8)] | None = None  # default: the date and the teams
    date: DateOf | Ref | None = None
    home: Ref | None = None  # names of the teams,
    away: Ref | None = None
    own: Ref | None = None  # or of the team of the row and the other one
    opponent: Ref | None = None


class TeamOf(_Part):
    """Whose row it is. Without values, the column contains the name of one of the teams."""

    column: Ref
    home: Values | None = None
    away: Values | None = None


class PeriodOf(_Part):
    """The period of a row, and the lengths of periods."""

    column: Ref | None = None  # without it, the clock decides
    values: dict[str, Annotated[int, Meta(ge=0, le=99)]] = {}
    regular: Annotated[int, Meta(ge=1, le=9)] = 3
    seconds: Seconds = 1200
    overtime_seconds: Seconds = 300


class ClockOf(_Part):
    """The time of a row."""

    column: Ref
    direction: Literal["up", "down"]
    unit: Literal["clock", "seconds", "milliseconds", "minutes"] = "clock"  # clock: 7:05 or 1:07:05
    of: Literal["period", "game"] = "period"


class CoordinatesOf(_Part):
    """The place of a row on the ice."""

    x: Ref  # along the rink
    y: Ref
    origin: Literal["centre", "corner"] = "centre"
    unit: Literal["feet", "metres"] = "feet"
    length: Annotated[float, Meta(gt=0, le=1e6)] | None = None  # of the rink in the numbers of the file
    width: Annotated[float, Meta(gt=0, le=1e6)] | None = None
    view: Literal["acting", "home", "played"] = "acting"  # the team that attacks the same end in all rows, if any
    attacks: Literal["high", "low"] = "high"  # the end that this team attacks: of large or of small x


class StrengthOf(_Part):
    """The number of skaters, with extra attackers and without goalies."""

    text: Ref | None = None  # such as '5 on 4' or 5v4
    first: Literal["own", "home"] = "own"  # whose number comes first in the text
    home: Ref | None = None
    away: Ref | None = None


class PersonOf(_Part):
    """A player of a row, identified by id, else by name, else by team and jersey."""

    id: Ref | None = None
    name: Ref | None = None
    jersey: Ref | None = None
    position: Ref | None = None
    text: Ref | None = None  # a column with several of these
    pattern: Annotated[str, Meta(min_length=3, max_length=100)] | None = None  # such as '#{jersey} {name}'


class Rule(_Part):
    """What a row is when its columns have these values. The first rule that fits decides."""

    play: PlayName
    when: Annotated[dict[Ref, Written | Values], Meta(max_length=20)] = {}
    player: Name | None = None  # who acts; the names are those of `people`
    assist1: Name | None = None
    assist2: Name | None = None
    team_mate: Name | None = None
    goalie: Name | None = None  # of the other team
    opponent: Name | None = None  # who lost the faceoff, was hit, blocked the shot, drew the penalty
    plus: Name | None = None  # several players in one column
    minus: Name | None = None
    team: Literal["row", "other"] = "row"  # other: the row names the team of the opponent
    detail: Ref | None = None  # type of the shot, infraction, and so on
    minutes: Ref | None = None  # of a penalty
    penalty_class: Ref | None = None  # a text with the word minor, major or misconduct
    gives_power_play: Ref | None = None
    empty_net: Ref | None = None
    success: Ref | None = None
    penalty_shot: bool = False
    later_by: Annotated[float, Meta(ge=0, le=60)] = 0  # seconds that the row is later than the play
    code: Annotated[list[Name], Meta(min_length=1, max_length=2)] | None = None  # type and detail of play `other`


class Mapping(_Part, kw_only=True):
    """A format of CSV or JSON files."""

    name: Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]*$")]
    kind: Literal["csv", "json"]
    recognise: Annotated[list[Ref | list[Ref]], Meta(min_length=1, max_length=100)]
    rows: str | None = None  # path to the list of rows; of JSON only
    game: GameOf
    team: TeamOf | Ref
    period: PeriodOf
    clock: ClockOf
    events: Annotated[list[Rule], Meta(min_length=1, max_length=500)]
    people: Annotated[dict[Name, PersonOf], Meta(max_length=50)] = {}
    coordinates: CoordinatesOf | None = None
    strength: StrengthOf | None = None
    lacks: list[Lacks] = []  # besides what no rule contains

    @property
    def needs(self) -> tuple[tuple[str, ...], ...]:
        """What a file must contain, each need with its alternatives."""
        return tuple((need,) if isinstance(need, str) else tuple(need) for need in self.recognise)


CHOICES: Final[dict[str, tuple[str, ...]]] = {  # values of the keys that have few
    "lacks": get_args(Lacks),
    "play": get_args(PlayName),
    "kind": ("csv", "json"),
    "first": ("year", "day", "month", "own", "home"),
    "direction": ("up", "down"),
    "unit": ("clock", "seconds", "milliseconds", "minutes", "feet", "metres"),
    "of": ("period", "game"),
    "origin": ("centre", "corner"),
    "view": ("acting", "home", "played"),
    "attacks": ("high", "low"),
    "team": ("row", "other"),
}
ROLES: Final = ("player", "assist1", "assist2", "team_mate", "goalie", "opponent", "plus", "minus")
MANY: Final = ("plus", "minus")  # roles of several players


def references(part: Any) -> list[str]:
    """Return every reference of a mapping, in its order. The part is a struct or a value of one."""
    if isinstance(part, Rule):
        columns = (part.detail, part.minutes, part.penalty_class, part.gives_power_play, part.empty_net, part.success)
        return [*part.when, *(column for column in columns if column)]
    found: list[str] = []
    match part:
        case Mapping():
            date = part.game.date
            found += part.game.key or []
            found += [date.column] if isinstance(date, DateOf) else [date] if date else []
            found += [ref for ref in (part.game.home, part.game.away, part.game.own, part.game.opponent) if ref]
            found.append(part.team.column if isinstance(part.team, TeamOf) else part.team)
            found += [part.period.column] if part.period.column else []
            found.append(part.clock.column)
            found += [part.coordinates.x, part.coordinates.y] if part.coordinates else []
            for each in (part.strength, *part.people.values(), *part.events):
                found += references(each)
        case StrengthOf():
            found += [ref for ref in (part.text, part.home, part.away) if ref]
        case PersonOf():
            found += [ref for ref in (part.id, part.name, part.jersey, part.position, part.text) if ref]
    return list(dict.fromkeys(found))

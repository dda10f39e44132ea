"""Find the parts of a mapping that contradict each other."""

from collections.abc import Iterator

from stanchion.ingest.reading.mapping.patterns import compiled
from stanchion.ingest.reading.mapping.schema import FILE, MANY, ROLES, Mapping, PersonOf, TeamOf, references

Place = tuple[str | int, ...]
_MAX_REFERENCES = 200


def problems(mapping: Mapping) -> Iterator[tuple[Place, str]]:
    """Yield the place and the message of each problem."""
    yield from _kind(mapping)
    yield from _game(mapping)
    yield from _people(mapping)
    yield from _events(mapping)
    clock, strength = mapping.clock, mapping.strength
    if clock.of == "game" and clock.direction == "down":
        yield ("clock", "of"), "The clock of a game must count up."
    if mapping.period.column is None and clock.of != "game":
        yield ("period",), "The part needs a column, unless clock.of is game."
    if strength and (strength.text is None) == (strength.home is None or strength.away is None):
        yield ("strength",), "The part needs either text or both home and away."
    if mapping.coordinates and (mapping.coordinates.length is None) != (mapping.coordinates.width is None):
        yield ("coordinates",), "The part needs both length and width, or none of them."
    if len(references(mapping)) > _MAX_REFERENCES:
        yield (), f"The mapping names more than {_MAX_REFERENCES} columns."


def _kind(mapping: Mapping) -> Iterator[tuple[Place, str]]:
    if mapping.kind == "json" and mapping.rows is None:
        yield (), "A mapping of JSON needs the key rows, the path to the list of rows."
    if mapping.kind == "csv" and mapping.rows is not None:
        yield ("rows",), "A mapping of CSV has no key rows."
    if mapping.rows is not None and len(mapping.rows) > 200:
        yield ("rows",), "The path is longer than 200 characters."


def _game(mapping: Mapping) -> Iterator[tuple[Place, str]]:
    game = mapping.game
    if (game.home is None) != (game.away is None):
        yield ("game",), "The part needs both home and away."
    if (game.own is None) != (game.opponent is None):
        yield ("game",), "The part needs both own and opponent."
    if game.home is not None and game.own is not None:
        yield ("game", "own"), "The part has either home and away, or own and opponent."
    if game.own is not None and not isinstance(mapping.team, TeamOf):
        yield ("team",), "With game.own, the part needs a column with values of home and away."
    if isinstance(mapping.team, TeamOf) and (mapping.team.home is None) != (mapping.team.away is None):
        yield ("team",), "The part needs values of both home and away."
    has_teams = game.home is not None or game.own is not None
    has_values = isinstance(mapping.team, TeamOf) and mapping.team.home is not None
    if not has_teams and not has_values:
        yield ("game",), "The part needs the names of the teams, because team has no values of home and away."
    if game.key is None and not (game.date and has_teams):
        yield ("game",), "The part needs a key, or the date and the names of the teams."


def _people(mapping: Mapping) -> Iterator[tuple[Place, str]]:
    for name, person in mapping.people.items():
        place: Place = ("people", name)
        if (person.text is None) != (person.pattern is None):
            yield place, "The part needs both text and pattern, or none of them."
        fields = compiled(person.pattern).groupindex if person.pattern else {}
        if person.pattern and not fields:
            yield (*place, "pattern"), "The pattern needs {id}, {name}, {jersey} or {position}."
        if not ({"id", "name", "jersey"} & {*fields, *_columns(person)}):
            yield place, "The part needs an id, a name or a jersey."


def _columns(person: PersonOf) -> set[str]:
    return {field for field in ("id", "name", "jersey") if getattr(person, field)}


def _events(mapping: Mapping) -> Iterator[tuple[Place, str]]:
    for number, rule in enumerate(mapping.events):
        place: Place = ("events", number)
        for role in ROLES:
            name = getattr(rule, role)
            if name is not None and name not in mapping.people:
                known = ", ".join(mapping.people) or "none"
                yield (*place, role), f"people has no part '{name}' (it has: {known})."
        if any(getattr(rule, role) and rule.play != "goal" for role in (*MANY, "assist1", "assist2")):
            yield place, "Only a goal has assists, plus and minus."
        if (rule.code is None) == (rule.play == "other"):
            yield place, "The play other needs a code, and no other play has one."
        if FILE in rule.when:
            yield (*place, "when", FILE), "The name of the file cannot be a condition."

"""A mapping that cannot be used is refused with one sentence that names the line and the key."""

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from stanchion.ingest.reading.mapping import yamlfile
from stanchion.ingest.reading.mapping.schema import Mapping
from stanchion.ingest.reading.mapping.yamlfile import MappingError, from_tree, read_mapping
from stanchion.paths import ROOT
from tests.ingest.reading.test_mapping import SMALL

EXAMPLES = sorted((ROOT / "docs" / "formats" / "mappings").glob("*.yaml"))


def reason(text):
    with pytest.raises(MappingError) as error:
        read_mapping(text, "club.yaml")
    return str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("kind: csv", "kind: xml", "line 2, kind: Invalid enum value 'xml'; expected one of csv, json."),
        ("kind: csv\n", "", "line 1: The key 'kind' is missing."),
        ("name: small", "name: small\ncolour: red", "line 2, colour: The key is not known."),
        ("name: small", "name: ' x'", "line 1, name: Expected 'str' matching regex"),
        ("direction: up", "direction: sideways", "line 7, clock.direction: Invalid enum value 'sideways'; expected"),
        ("{column: period}", "{column: period, seconds: long}", "line 6, period.seconds: Expected 'int', got 'str'."),
        ("{column: period}", "{column: period, seconds: 0}", "line 6, period.seconds: Expected 'int' >= 1."),
        ("{id: other}", "{id: [other]}", "line 10, people.other.id: Expected 'str | null', got 'array'."),
        ("{id: other}", "{number: other}", "line 10, people.other.number: The key is not known."),
        ("{id: other}", "{position: other}", "line 10, people.other: The part needs an id, a name or a jersey."),
        (
            "{id: other}",
            "{text: other}",
            "line 10, people.other: The part needs both text and pattern, or none of them.",
        ),
        (
            "{id: other}",
            "{text: other, pattern: '#{shirt}'}",
            "line 10, people.other.pattern: The pattern needs {id}, {name}, {jersey} or {position}.",
        ),
        ("play: shot", "play: dance", "line 13, events[1].play: Invalid enum value 'dance'; expected one of goal,"),
        ("[Shot, SOG]", "[Shot, [SOG]]", "line 13, events[1].when.kind"),
        ("[Shot, SOG]", "[]", "line 13, events[1].when.kind: Expected 'array' of length >= 1."),
        (
            "play: shot, player: player",
            "play: shot, player: shooter",
            "line 13, events[1].player: people has no part 'shooter' (it has: player, other).",
        ),
        ("play: shot,", "play: shot, plus: other,", "line 13, events[1]: Only a goal has assists, plus and minus."),
        ("play: ignore", "play: other", "line 15, events[3]: The play other needs a code, and no other play has one."),
        ("kind: Stop", "$file: Stop", "line 15, events[3].when.$file: The name of the file cannot be a condition."),
        ("home: home, away: away", "home: home", "line 4, game: The part needs both home and away."),
        ("home: home, away: away", "own: home", "line 4, game: The part needs both own and opponent."),
        (
            "away: away}",
            "away: away, own: x, opponent: y}",
            "line 4, game.own: The part has either home and away, or own",
        ),
        ("key: [game], date: day, ", "", "line 4, game: The part needs a key, or the date and the names of the teams."),
        ("{column: side, home: [h], away: [a]}", "{column: side, home: [h]}", "line 5, team: The part needs values of"),
        (", home: home, away: away}\nteam: {column: side, home: [h], away: [a]}", "}\nteam: side", "line 4, game: The"),
        ("{column: period}", "{}", "line 6, period: The part needs a column, unless clock.of is game."),
        ("direction: up}", "direction: down, of: game}", "line 7, clock.of: The clock of a game must count up."),
        ("kind: csv", "kind: csv\nrows: plays", "line 3, rows: A mapping of CSV has no key rows."),
        ("kind: csv", "kind: json", "line 1: A mapping of JSON needs the key rows, the path to the list of rows."),
        (
            "people:",
            "strength: {home: x}\npeople:",
            "line 8, strength: The part needs either text or both home and away.",
        ),
        ("people:", "coordinates: {x: x, y: y, width: 1}\npeople:", "line 8, coordinates: The part needs both length"),
        ("name: small", "name: small\nname: twice", "line 2, name: The key occurs twice."),
        ("name: small", "name: [small", "line 2: not valid YAML"),
        ("name: small", "name: &a small", "line 1, name"),
        ("  other: {id: other}", "  other: *a", "line 10: not valid YAML: aliases are not read."),
        ("name: small", "? [1, 2]\n: small", "line 1: A key must be a text."),
        ("name: small", "name: !!python/object/apply:os.system [ls]", "line 1, name: Expected 'str', got 'array'."),
    ],
)
def test_error_names_the_line_and_the_key(old, new, message):
    assert old in SMALL
    text = SMALL.replace(old, new, 1)
    if new == "name: &a small":  # an anchor without an alias is harmless
        assert read_mapping(text, "club.yaml").name == "small"
        return
    assert reason(text).startswith(f"club.yaml, {message}"), reason(text)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "club.yaml, line 1: Expected 'object', got 'null'."),
        (b"- 1", "club.yaml, line 1: Expected 'object', got 'array'."),
        (b"\xff\xfe", "club.yaml: the mapping is not UTF-8 text."),
        (b"#" * (yamlfile.MAX_BYTES + 1), "club.yaml: the mapping is larger than 256 KB."),
        (b"a: " + b"[" * 60 + b"]" * 60, "club.yaml, line 1, a[0]"),
        (b"[" * 5000, "club.yaml: not valid YAML."),
        (b"a: \x00", "club.yaml: not valid YAML."),
    ],
)
def test_file_that_is_no_mapping_is_refused(data, message):
    assert reason(data).startswith(message), reason(data)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"), ("on", "on"), ("1:30", "1:30"), ("2022-02-08", "2022-02-08"), ("07", "07"), ("1e3", "1e3"),
        ("5", 5), ("5.5", 5.5), ("true", True), ("'5'", "5"), ("0x10", "0x10"), ("t", "t"), ("1_000", "1_000"),
    ],
)  # fmt: skip
def test_plain_values_have_no_surprises(written, value):
    mapping = read_mapping(SMALL.replace("kind: Goal", f"kind: {written}"), "x")
    assert mapping.events[0].when["kind"] == value
    assert type(mapping.events[0].when["kind"]) is type(value)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_valid_and_are_the_same_as_plain_yaml(path):
    mapping = read_mapping(path.read_bytes(), path.name)
    assert msgspec.convert(yaml.safe_load(path.read_text()), Mapping) == mapping
    assert from_tree(msgspec.json.decode(msgspec.json.encode(mapping))) == mapping


def test_archived_mapping_that_contradicts_itself_is_refused():
    mapping = read_mapping(SMALL, "x")
    tree = msgspec.to_builtins(mapping) | {"rows": "x"}
    with pytest.raises(ValueError, match="A mapping of CSV has no key rows"):
        from_tree(tree)
    with pytest.raises(ValueError, match="Expected"):
        from_tree([])


LINES = SMALL.splitlines()


@given(st.lists(st.tuples(st.integers(0, len(SMALL) - 1), st.characters(codec="utf-8")), max_size=4), st.randoms())
@settings(max_examples=300, deadline=None)
def test_random_changes_give_a_mapping_or_one_sentence(changes, random):
    text = list(SMALL)
    for place, character in changes:
        text[place] = character
    lines = "".join(text).splitlines()
    random.shuffle(lines)
    for candidate in ("".join(text), "\n".join(lines)):
        try:
            read_mapping(candidate, "x")
        except MappingError as error:
            assert len(str(error)) < 1500

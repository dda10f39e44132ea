r"""Write the rows of a game as text: the input of the content hash, and the values sent to the tables.

The server reads an array like `{"(,,,0,Pass)","(,,,1,Shot)"}` as rows of a table in one statement, without a temporary
table that each commit would have to empty. Names and codes repeat thousands of times in a game, so each is quoted once
and cached. Actions and players on the ice are cached too, because a game has few distinct ones.
"""

import re
from collections.abc import Callable, Hashable, Iterable, Iterator
from decimal import Decimal
from typing import Any

from stanchion.ingest.reading.model import Action, Event, OnIce, Participant, Rows, Stint
from stanchion.ingest.reading.values import UNSTORABLE

_MAX_CACHED = 100_000  # values
_ROWS_PER_ARRAY = 10_000  # limits the memory of the server, which parses an array at once
_BOOL = {None: "", True: "t", False: "f"}
_PLAIN = re.compile(r"[\w.:-]+")  # text that needs no quotes
# a text in a row in an array is escaped twice: for the row, and the result for the array
_ESCAPES = str.maketrans({"\\": r"\\\\", '"': r"\\\""}) | UNSTORABLE
_COLUMNS = {
    "play_event": """
        event_no source_idx period type detail1 detail2 type_raw detail1_raw detail2_raw side zone success
        minutes gives_power_play strength is_empty_net
        start_s end_s linked_group assist_to sequence_no play_no is_highlight""",
    "play_participant": """
        event_no participant_no role role_no side jersey name person_key detail1 detail2 detail1_raw detail2_raw
        success pressure side_of_puck""",
    "play_point": "event_no kind participant_no point_no x y",
    "stint": "stint_no period start_s end_s stoppage_s start_type stop_type",
    "stint_player": "stint_no side slot jersey name person_key",
}
COLUMNS = {name: columns.split() for name, columns in _COLUMNS.items()}  # in table order, without tenant, day and game


def render(events: Iterable[Event], points: list[str], stints: Iterable[Stint]) -> Rows:
    """Write the rows of each table without the columns tenant, day and game. `points` are rows of play_point."""
    event_rows, people, canonical = _events(events)
    stint_rows, on_ice = _stints(stints)
    return Rows(
        {
            "play_event": event_rows,
            "play_participant": people,
            "play_point": points,
            "stint": stint_rows,
            "stint_player": on_ice,
        },
        canonical,
    )


def arrays(rows: Rows) -> Iterator[tuple[str, str]]:
    """Yield the name of a table and an array of its rows. A table with many rows has several arrays."""
    for name, table in rows.tables.items():
        for first in range(0, len(table), _ROWS_PER_ARRAY):
            yield name, '{"(,,,' + ')","(,,,'.join(table[first : first + _ROWS_PER_ARRAY]) + ')"}'


def _events(events: Iterable[Event]) -> tuple[list[str], list[str], list[str]]:
    n, actions = _number, _CacheByIdentity(_action)
    event_rows: list[str] = []
    people: list[str] = []
    canonical: list[str] = []
    for e in events:
        full, without_raw = actions[e.action]
        head = f"{e.event_no},{n[e.source_idx]},{e.period}"
        tail = (
            f"{n[e.start_s]},{n[e.end_s]},{n[e.linked_group]},{n[e.assist_to]},{n[e.sequence_no]},{n[e.play_no]},"
            f"{_BOOL[e.is_highlight]}"
        )
        event_rows.append(f"{head},{full},{tail}")
        canonical.append(f"{head},{without_raw},{tail}")
        for person in e.participants:
            full, without_raw = _participant(person)
            people.append(f"{e.event_no},{full}")
            canonical.append(without_raw)
    return event_rows, people, canonical


def _action(a: Action) -> tuple[str, str]:
    """Return the columns of an action, with and without the _raw fields.

    What the source itself records is in the second text only when there is any, so that it stays the same without.
    """
    t = _text
    codes = f"{t[a.type]},{t[a.detail1]},{t[a.detail2]}"
    raws = f"{t[a.type_raw]},{t[a.detail1_raw]},{t[a.detail2_raw]}"
    rest = f"{t[a.side]},{t[a.zone]},{_BOOL[a.success]}"
    recorded = f"{_number[a.minutes]},{_BOOL[a.gives_power_play]},{t[a.strength]},{_BOOL[a.is_empty_net]}"
    return f"{codes},{raws},{rest},{recorded}", f"{codes},{rest}" + (f",{recorded}" if recorded != ",,," else "")


def _participant(p: Participant) -> tuple[str, str]:
    """Return the columns of a participant, with and without the _raw fields."""
    t, n = _text, _number
    player = (
        f"{p.participant_no},{t[p.role]},{n[p.role_no]},{t[p.side]},{t[p.jersey]},{t[p.name]},{t[p.person_key]},"
        f"{t[p.detail1]},{t[p.detail2]}"
    )
    rest = f"{_BOOL[p.success]},{t[p.pressure]},{t[p.side_of_puck]}"
    return f"{player},{t[p.detail1_raw]},{t[p.detail2_raw]},{rest}", f"{player},{rest}"


def _stints(stints: Iterable[Stint]) -> tuple[list[str], list[str]]:
    t, n, players = _text, _number, _CacheByIdentity(_on_ice)
    rows: list[str] = []
    on_ice: list[str] = []
    for s in stints:
        rows.append(
            f"{s.stint_no},{s.period},{n[s.start_s]},{n[s.end_s]},{n[s.stoppage_s]},{t[s.start_type]},{t[s.stop_type]}"
        )
        on_ice += [f"{s.stint_no},{players[player]}" for player in s.on_ice]
    return rows, on_ice


def _on_ice(p: OnIce) -> str:
    t = _text
    return f"{p.side},{p.slot},{t[p.jersey]},{t[p.name]},{t[p.person_key]}"


class _CacheByIdentity(dict[Any, Any]):
    """A cache from a piece of a game to its text. The keys, which hash by identity, are kept alive by the cache."""

    def __init__(self, render: Callable[[Any], Any]) -> None:
        self._render = render

    def __missing__(self, piece: Any) -> Any:
        self[piece] = text = self._render(piece)
        return text


class _FieldCache(dict[Hashable, str]):
    """A cache from a value to its text in a row. It is emptied when it is full."""

    def __missing__(self, value: Any) -> str:
        if len(self) > _MAX_CACHED:
            self.clear()
        self[value] = text = _field(value)
        return text


def _field(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) else rf"\"{value.translate(_ESCAPES)}\""
    return number_text(value)


def number_text(value: float | Decimal) -> str:
    """Write a number. Equal numbers (1, 1.0, 1.00) must have the same text, because they are one cache key."""
    if value == int(value):
        return str(int(value))
    return f"{value.normalize():f}" if isinstance(value, Decimal) else repr(value)


_text = _FieldCache()
_number = _FieldCache()

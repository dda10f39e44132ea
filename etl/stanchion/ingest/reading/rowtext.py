r"""The rows of a game as text, written by hand: what its content hash is of, and what is sent to its tables.

The server reads arrays like `{"(,,,0,Pass)","(,,,1,Shot)"}` as rows of a table at once, without a temporary table that
each commit would have to empty. Names and codes repeat thousands of times in a game, so each is quoted once and looked
up from then on; so are actions, participants and players on the ice, of which few differ.
"""

import re
from collections.abc import Callable, Hashable, Iterable, Iterator
from decimal import Decimal
from typing import Any

from stanchion.ingest.reading.model import Action, Event, OnIce, Participant, Rows, Stint
from stanchion.ingest.reading.values import UNSTORABLE

_LONGEST = 100_000  # texts that are remembered
_MOST = 10_000  # rows of an array: the server holds all of it
_BOOL = {None: "", True: "t", False: "f"}
_PLAIN = re.compile(r"[\w.:-]+")  # what needs no quotes
# a quote within a row within an array: the row escapes it, and the array what the row has written
_ESCAPES = str.maketrans({"\\": r"\\\\", '"': r"\\\""}) | UNSTORABLE
_COLUMNS = {
    "play_event": """
        event_no source_idx period type detail1 detail2 type_raw detail1_raw detail2_raw side zone success
        start_s end_s linked_group assist_to sequence_no play_no is_highlight""",
    "play_participant": """
        event_no participant_no role role_no side jersey name person_key detail1 detail2 detail1_raw detail2_raw
        success pressure side_of_puck""",
    "play_point": "event_no kind participant_no point_no x y",
    "stint": "stint_no period start_s end_s stoppage_s start_type stop_type",
    "stint_player": "stint_no side slot jersey name person_key",
}
COLUMNS = {name: columns.split() for name, columns in _COLUMNS.items()}  # all but the first three, in their order


def render(events: Iterable[Event], points: list[str], stints: Iterable[Stint]) -> Rows:
    """Rows of all columns of each table but the first three, which are tenant, day and game. Points are such rows."""
    played, people, canonical = _events(events)
    stint_rows, on_ice = _stints(stints)
    return Rows(
        {
            "play_event": played,
            "play_participant": people,
            "play_point": points,
            "stint": stint_rows,
            "stint_player": on_ice,
        },
        canonical,
    )


def arrays(rows: Rows) -> Iterator[tuple[str, str]]:
    """The rows of each table as arrays; of a large game in several."""
    for name, table in rows.tables.items():
        for first in range(0, len(table), _MOST):
            yield name, '{"(,,,' + ')","(,,,'.join(table[first : first + _MOST]) + ')"}'


def _events(events: Iterable[Event]) -> tuple[list[str], list[str], list[str]]:
    n, actions, participants = _number, _Once(_action), _Once(_participant)
    played: list[str] = []
    people: list[str] = []
    canonical: list[str] = []
    for e in events:
        written, bare = actions[e.action]
        head = f"{e.event_no},{n[e.source_idx]},{e.period}"
        tail = (
            f"{n[e.start_s]},{n[e.end_s]},{n[e.linked_group]},{n[e.assist_to]},{n[e.sequence_no]},{n[e.play_no]},"
            f"{_BOOL[e.is_highlight]}"
        )
        played.append(f"{head},{written},{tail}")
        canonical.append(f"{head},{bare},{tail}")
        for person in e.participants:
            written, bare = participants[person]
            people.append(f"{e.event_no},{written}")
            canonical.append(bare)
    return played, people, canonical


def _action(a: Action) -> tuple[str, str]:
    t = _text
    codes = f"{t[a.type]},{t[a.detail1]},{t[a.detail2]}"
    raws = f"{t[a.type_raw]},{t[a.detail1_raw]},{t[a.detail2_raw]}"
    rest = f"{t[a.side]},{t[a.zone]},{_BOOL[a.success]}"
    return f"{codes},{raws},{rest}", f"{codes},{rest}"


def _participant(p: Participant) -> tuple[str, str]:
    t, n = _text, _number
    who = (
        f"{p.participant_no},{t[p.role]},{n[p.role_no]},{t[p.side]},{t[p.jersey]},{t[p.name]},{t[p.person_key]},"
        f"{t[p.detail1]},{t[p.detail2]}"
    )
    rest = f"{_BOOL[p.success]},{t[p.pressure]},{t[p.side_of_puck]}"
    return f"{who},{t[p.detail1_raw]},{t[p.detail2_raw]},{rest}", f"{who},{rest}"


def _stints(stints: Iterable[Stint]) -> tuple[list[str], list[str]]:
    t, n, players = _text, _number, _Once(_on_ice)
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


class _Once(dict[Any, Any]):
    """What each piece of a game is as text; pieces are told apart by identity, so they live as long as this does."""

    def __init__(self, render: Callable[[Any], Any]) -> None:
        self._render = render

    def __missing__(self, piece: Any) -> Any:
        self[piece] = made = self._render(piece)
        return made


class _Remembered(dict[Hashable, str]):
    def __missing__(self, value: Any) -> str:
        if len(self) > _LONGEST:
            self.clear()
        self[value] = made = _field(value)
        return made


def _field(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) else rf"\"{value.translate(_ESCAPES)}\""
    return number_text(value)


def number_text(value: float | Decimal) -> str:
    """1 and 1.0 and 1.00 are one number: remembered as one, they have to be one text."""
    if value == int(value):
        return str(int(value))
    return f"{value.normalize():f}" if isinstance(value, Decimal) else repr(value)


_text = _Remembered()
_number = _Remembered()

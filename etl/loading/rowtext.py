r"""Rows of a game as arrays of the row type of their table, written by hand: this is most of what a load does.

The server reads `{"(,,,0,Pass)","(,,,1,Shot)"}` as rows at once, without a temporary table that each commit would have
to empty. Names and codes repeat thousands of times in a game, so each is quoted once and looked up from then on; so are
participants and players on the ice, of which few differ.
"""

import re
from collections.abc import Callable, Hashable, Iterator
from decimal import Decimal
from itertools import islice
from typing import Any

from etl.loading.keys import storable
from etl.tracker.model import Game, OnIce, Participant

_LONGEST = 100_000  # texts that are remembered
_MOST = 10_000  # rows of an array: the server holds all of it
_BOOL = {None: "", True: "t", False: "f"}
_PLAIN = re.compile(r"[\w.:-]+")  # what needs no quotes
# a quote within a row within an array: the row escapes it, and the array what the row has written
_ESCAPES = str.maketrans({"\\": r"\\\\", '"': r"\\\""})
_BEGIN = '"(,,,'  # the columns before those that are rendered: tenant, day and game


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
        return value if _PLAIN.fullmatch(value) else rf"\"{storable(value).translate(_ESCAPES)}\""
    # 1 and 1.0 are one number: remembered as one, they have to be one text
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, Decimal):
        return str(int(value)) if value == value.to_integral_value() else f"{value.normalize():f}"
    return str(value)


_text = _Remembered()
_number = _Remembered()
_decimal = _Remembered()


def _events(game: Game) -> Iterator[str]:
    t, n, d = _text, _number, _decimal
    return (
        f"{_BEGIN}{e.event_no},{n[e.source_idx]},{e.period},{t[e.type]},{t[e.detail1]},{t[e.detail2]},{t[e.type_raw]}"
        f",{t[e.detail1_raw]},{t[e.detail2_raw]},{t[e.side]},{t[e.zone]},{_BOOL[e.success]},{d[e.start_s]}"
        f",{d[e.end_s]},{n[e.linked_group]},{n[e.assist_to]},{n[e.sequence_no]},{n[e.play_no]}"
        f',{_BOOL[e.is_highlight]})"'
        for e in game.events
    )


def _participants(game: Game) -> Iterator[str]:
    ends = _Once(_participant)
    return (f"{_BEGIN}{e.event_no},{ends.of(p)}" for e in game.events for p in e.participants)


def _participant(p: Participant) -> str:
    t, n = _text, _number
    return (
        f"{p.participant_no},{t[p.role]},{n[p.role_no]},{t[p.side]},{t[p.jersey]},{t[p.name]},{t[p.person_key]}"
        f",{t[p.detail1]},{t[p.detail2]},{t[p.detail1_raw]},{t[p.detail2_raw]}"
        f',{_BOOL[p.success]},{t[p.pressure]},{t[p.side_of_puck]})"'
    )


def _points(game: Game) -> Iterator[str]:
    n = _number
    return (
        f"{_BEGIN}{e.event_no},{p.kind},{-1 if p.participant_no is None else p.participant_no},{p.point_no}"
        f',{n[p.x]},{n[p.y]})"'
        for e in game.events
        for p in e.points
    )


def _stints(game: Game) -> Iterator[str]:
    t, d = _text, _decimal
    return (
        f"{_BEGIN}{s.stint_no},{s.period},{d[s.start_s]},{d[s.end_s]},{d[s.stoppage_s]},{t[s.start_type]}"
        f',{t[s.stop_type]})"'
        for s in game.stints
    )


def _stint_players(game: Game) -> Iterator[str]:
    ends = _Once(_on_ice)
    return (f"{_BEGIN}{s.stint_no},{ends.of(p)}" for s in game.stints for p in s.on_ice)


def _on_ice(p: OnIce) -> str:
    t = _text
    return f'{p.side},{p.slot},{t[p.jersey]},{t[p.name]},{t[p.person_key]})"'


class _Once:
    """Renders each object of a game once: many places share one."""

    def __init__(self, render: Callable[[Any], str]) -> None:
        self._render = render
        self._done: dict[int, str] = {}

    def of(self, piece: Any) -> str:
        done = self._done.get(id(piece))
        if done is None:
            self._done[id(piece)] = done = self._render(piece)
        return done


RENDER: dict[str, Callable[[Game], Iterator[str]]] = {
    "play_event": _events,
    "play_participant": _participants,
    "play_point": _points,
    "stint": _stints,
    "stint_player": _stint_players,
}
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


def arrays(game: Game) -> Iterator[tuple[str, str]]:
    """The rows of each table by game day, without tenant, day and game; of a large game in several arrays."""
    for name, render in RENDER.items():
        rows = render(game)
        while part := ",".join(islice(rows, _MOST)):
            yield name, f"{{{part}}}"

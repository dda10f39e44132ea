r"""Rows of a game as COPY reads them, written by hand: this is most of what a load does.

Names and codes repeat thousands of times in a game, so each is escaped once and looked up from then on.
"""

from collections.abc import Hashable, Iterator
from decimal import Decimal
from typing import Any

from etl.loading.keys import storable
from etl.tracker.model import Game

_LONGEST = 100_000  # texts that are remembered
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_BOOL = {None: "\\N", True: "t", False: "f"}


class _Remembered(dict[Hashable, str]):
    def __missing__(self, value: Any) -> str:
        if len(self) > _LONGEST:
            self.clear()
        self[value] = made = _field(value)
        return made


def _field(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return storable(value).translate(_ESCAPES)
    if isinstance(value, Decimal):  # 1 and 1.0 are one number and have to be one text
        return str(int(value)) if value == value.to_integral_value() else f"{value.normalize():f}"
    return str(value)


_text = _Remembered()
_number = _Remembered()
_decimal = _Remembered()


def events(game: Game) -> str:
    t, n, d = _text, _number, _decimal
    return "".join(
        [
            f"{e.event_no}\t{n[e.source_idx]}\t{e.period}\t{t[e.type]}\t{t[e.detail1]}\t{t[e.detail2]}\t{t[e.type_raw]}"
            f"\t{t[e.detail1_raw]}\t{t[e.detail2_raw]}\t{t[e.side]}\t{t[e.zone]}\t{_BOOL[e.success]}\t{d[e.start_s]}"
            f"\t{d[e.end_s]}\t{n[e.linked_group]}\t{n[e.assist_to]}\t{n[e.sequence_no]}\t{n[e.play_no]}"
            f"\t{_BOOL[e.is_highlight]}\n"
            for e in game.events
        ]
    )


def participants(game: Game) -> str:
    t, n = _text, _number
    return "".join(
        [
            f"{e.event_no}\t{p.participant_no}\t{t[p.role]}\t{n[p.role_no]}\t{t[p.side]}\t{t[p.jersey]}\t{t[p.name]}"
            f"\t{t[p.person_key]}\t{t[p.detail1]}\t{t[p.detail2]}\t{t[p.detail1_raw]}\t{t[p.detail2_raw]}"
            f"\t{_BOOL[p.success]}\t{t[p.pressure]}\t{t[p.side_of_puck]}\n"
            for e in game.events
            for p in e.participants
        ]
    )


def points(game: Game) -> str:
    return "".join(
        [
            f"{e.event_no}\t{p.kind}\t{-1 if p.participant_no is None else p.participant_no}\t{p.point_no}"
            f"\t{p.x!r}\t{p.y!r}\n"
            for e in game.events
            for p in e.points
        ]
    )


def stints(game: Game) -> str:
    t, d = _text, _decimal
    return "".join(
        [
            f"{s.stint_no}\t{s.period}\t{d[s.start_s]}\t{d[s.end_s]}\t{d[s.stoppage_s]}\t{t[s.start_type]}\t{t[s.stop_type]}\n"
            for s in game.stints
        ]
    )


def stint_players(game: Game) -> str:
    t = _text
    return "".join(
        [
            f"{s.stint_no}\t{p.side}\t{p.slot}\t{t[p.jersey]}\t{t[p.name]}\t{t[p.person_key]}\n"
            for s in game.stints
            for p in s.on_ice
        ]
    )


RENDER = {
    "play_event": events,
    "play_participant": participants,
    "play_point": points,
    "stint": stints,
    "stint_player": stint_players,
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
COLUMNS = {name: columns.split() for name, columns in _COLUMNS.items()}  # as they are rendered


def tables(game: Game) -> Iterator[tuple[str, str]]:
    """The rows of each table by game day, without tenant, day and game."""
    for name, render in RENDER.items():
        yield name, render(game)

"""Build stints, during which the same players are on the ice, from the shifts of each player."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise

from msgspec import Struct

from stanchion.ingest.reading.model import EXTRA_SLOTS, SLOTS, Entry, Event, OnIce, Stint

_FORWARD, _DEFENSE, _GOALIE = ("F1", "F2", "F3"), ("D1", "D2"), "G"
_ORDER = (*SLOTS, *EXTRA_SLOTS)
_DEFENDERS = {"D", "LD", "RD"}


class Shift(Struct, frozen=True, gc=False):
    """The time of one player on the ice without a break."""

    player: Entry
    period: int
    start_s: Decimal  # seconds left on the clock
    end_s: Decimal


def stints_of(shifts: Iterable[Shift], flags: Counter[str]) -> tuple[Stint, ...]:
    """Return the stints of a game in the order of play. Adds to `flags` the flags to count.

    A player is on the ice from the start of a shift to its end, and the second of the end belongs to the stint that
    ends then. A span without players leaves a gap in the numbers, because it ends every shift.
    """
    by_period: dict[int, list[Shift]] = defaultdict(list)
    for shift in shifts:
        if shift.start_s > shift.end_s:
            by_period[shift.period].append(shift)
        else:
            flags["shift_without_length"] += 1
    players = _Players(shift.player for of_period in by_period.values() for shift in of_period)
    stints: list[Stint] = []
    for period in sorted(by_period):
        number = stints[-1].stint_no + 1 if stints else 0
        changes: dict[Decimal, list[tuple[int, int]]] = defaultdict(list)
        for shift in by_period[period]:
            player = players.number(shift.player)
            changes[shift.start_s].append((1, player))
            changes[shift.end_s].append((-1, player))
        playing: Counter[int] = Counter()
        for start, end in pairwise(sorted(changes, reverse=True)):
            for change, player in changes[start]:
                playing[player] += change
                if not playing[player]:
                    del playing[player]  # a hostile file may have a hundred thousand players
            on_ice = players.line_up(sorted(player for player, times in playing.items() if times > 0), flags)
            flags["player_in_two_shifts"] += sum(times > 1 for times in playing.values())
            if on_ice:
                stints.append(Stint(number, period, start, end, None, None, None, on_ice))
            number += 1
    return tuple(stints)


class _Players:
    """The players with shifts, numbered in the order in which they get a slot."""

    def __init__(self, players: Iterable[Entry]) -> None:
        order = {"home": 0, "away": 1}
        distinct = dict.fromkeys(players)
        self._players = sorted(distinct, key=lambda p: (order[p.side], p.jersey or "", p.person_key or ""))
        self._numbers = {player: number for number, player in enumerate(self._players)}
        self._away = sum(player.side == "home" for player in self._players)  # number of the first away player
        self._slots = [
            (_GOALIE,) if player.position == "G" else _DEFENSE if player.position in _DEFENDERS else _FORWARD
            for player in self._players
        ]
        self._built: dict[tuple[int, str], OnIce] = {}

    def number(self, player: Entry) -> int:
        return self._numbers[player]

    def line_up(self, playing: Sequence[int], flags: Counter[str]) -> tuple[OnIce, ...]:
        """Give each player a slot: goalies, forwards and defenders first, and the others what is left."""
        away = bisect_left(playing, self._away)
        return (*self._side(playing[:away], flags), *self._side(playing[away:], flags))

    def _side(self, playing: Sequence[int], flags: Counter[str]) -> Iterator[OnIce]:
        taken: dict[str, int] = {}
        waiting: list[int] = []
        for number in playing:
            for slot in self._slots[number]:
                if slot not in taken:
                    taken[slot] = number
                    break
            else:
                waiting.append(number)
                flags["two_goalies"] += self._players[number].position == "G"
        if waiting:
            free = [slot for slot in _ORDER if slot not in taken and slot != _GOALIE]
            taken.update(zip(free, waiting, strict=False))
            flags["too_many_on_ice"] += max(0, len(waiting) - len(free))
        for slot in _ORDER:
            if slot in taken:
                yield self._on_ice(taken[slot], slot)

    def _on_ice(self, number: int, slot: str) -> OnIce:
        built = self._built.get((number, slot))
        if built is None:
            player = self._players[number]
            built = OnIce(player.side, slot, player.jersey, player.name, player.person_key)
            self._built[number, slot] = built
        return built


def goalie_shifts(
    events: Sequence[Event], goalies: Mapping[str, Entry], length: Callable[[int], int]
) -> Iterator[Shift]:
    """Yield the shifts of goalies in a source that names them only at saves and goals, by person_key.

    A goalie is in net until another one of the side is named, and from the start of the period when no other was named
    in it before. The times are not exact, but tell who was in net when the game was decided.
    """
    named: dict[str, list[tuple[int, Decimal, Entry]]] = {"home": [], "away": []}
    played: dict[int, Decimal] = {}
    for event in events:
        if event.start_s is None or event.period == 0 or event.action.type == "Shootout":
            continue
        played[event.period] = min(played.get(event.period, event.start_s), event.start_s)
        for person in event.participants:
            is_goalie = person.detail1 == "GoalAgainst" or (event.action.type == "Save" and person.role == "event")
            found = goalies.get(person.person_key or "")
            if is_goalie and found:
                named[found.side].append((event.period, event.start_s, found))
    for calls in named.values():
        if not calls:
            continue
        in_net = calls[0][2]
        for period in sorted(played):
            since = Decimal(length(period))
            for number, (_, at, goalie) in enumerate(call for call in calls if call[0] == period):
                if number == 0:
                    in_net = goalie
                elif goalie != in_net:
                    if since > at:
                        yield Shift(in_net, period, since, at)
                    in_net, since = goalie, min(since, at)
            end = Decimal(0) if period < max(played) else played[period]
            if since > end:
                yield Shift(in_net, period, since, end)

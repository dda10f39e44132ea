"""CSV files of hockey_scraper: the official play-by-play of many games, one row for each event.

A row contains the players on the ice. They give plus and minus, and the goalie of a goal or a save. The rows of a game
must be consecutive, so a file of any size is read one game at a time. See docs/formats/hockey-scraper.md.
"""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby
from typing import Annotated, Final, Literal

import msgspec

from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.feed import Feed, Person, identifier
from stanchion.ingest.reading.jsontext import MAX_PIECES, REPLACEMENT, Envelope
from stanchion.ingest.reading.model import Game, Side, Strength
from stanchion.ingest.reading.nhl.power_plays import power_plays
from stanchion.ingest.reading.nhl.rows import Row as NhlRow
from stanchion.ingest.reading.nhl.values import one_word
from stanchion.ingest.reading.recognise import CsvFormat, JsonFormat
from stanchion.ingest.reading.rosters import OTHER
from stanchion.ingest.reading.scraper_columns import (
    COLUMNS,
    NEEDS,
    OF_GAME,
    ON_ICE,
    SIDES,
    Cells,
    Header,
    PenaltyClass,
    game_key,
    is_playoff,
    penalty_of,
    side_of_team,
    skaters_of,
    teams_of,
)
from stanchion.ingest.reading.tables import Table
from stanchion.ingest.reading.values import BadValueError, clock, period, seconds, text

_FORMAT: Final = "hockey_scraper"
_SHOOTOUT_PERIOD: Final = 5  # of a game of the season, which has one overtime
_PLAYS: Final = {"FAC", "SHOT", "GOAL", "MISS", "BLOCK", "HIT", "GIVE", "TAKE", "PENL"}
_MARKS: Final = {  # of the course of the game; no player takes part
    "STOP", "PSTR", "PEND", "GEND", "CHL", "SOC", "EISTR", "EIEND", "EGT", "EGPID", "PGSTR", "PGEND", "ANTHEM", "GOFF",
    "DELPEN",
}  # fmt: skip
_ATTEMPTS: Final[dict[str, Literal["Goal", "Saved", "Missed"]]] = {"GOAL": "Goal", "SHOT": "Saved", "MISS": "Missed"}
_ZONES: Final[dict[str, Literal["o", "d", "n"]]] = {"off": "o", "def": "d", "neu": "n"}
_FLIPPED: Final[dict[str, Literal["o", "d", "n"]]] = {"off": "d", "def": "o", "neu": "n"}
_PLAYERS: Final = {side: [f"{side}player{number}" for number in range(1, ON_ICE + 1)] for side in SIDES}
_FAULTY: Final = "The archived game is not in the form of hockey_scraper."

Line = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
Row = tuple[Line, Cells]  # line number in the file, and the cells with a value


def _read(table: Table) -> Iterator[Game]:
    seen: set[str] = set()
    rows_of_games = _cells(table, Header(table.columns, OF_GAME))
    for key, _ in groupby(key for _, cells in rows_of_games if (key := _key(cells))):
        if key in seen:
            raise UnreadableError("The rows of a game are not consecutive; sort the file by Date and Game_Id.")
        seen.add(key)
    if not seen:
        raise UnreadableError(
            "No row of the file has a date like 2018-10-03, a Game_Id like 20001, a home team and an away team."
        )
    seen.clear()
    game = ""
    rows: list[Row] = []
    for line, cells in _cells(table, Header(table.columns)):
        key = _key(cells) or game
        if key != game:
            if game:
                yield _Reading(game, rows).game()
                rows = []
            game = key
        rows.append((line, cells))
        if len(rows) > MAX_PIECES:
            raise UnreadableError(f"A game has more than {MAX_PIECES} rows.")
    yield _Reading(game, rows).game()


def _cells(table: Table, header: Header) -> Iterator[Row]:
    for line, row in table.rows():
        yield line, header.cells(row)


def _key(cells: Cells) -> str | None:
    return game_key(cells) if teams_of(cells) else None


def _read_archived(envelope: Envelope) -> Iterator[Game]:
    """Read the archived document of one game of a file."""
    try:
        key = msgspec.convert(envelope.value(_FORMAT), str)
        rows = msgspec.convert(envelope.value("rows"), list[Row])
    except msgspec.ValidationError:
        raise UnreadableError(_FAULTY) from None
    rows = [(line, {name: cell for name, cell in cells.items() if name in COLUMNS}) for line, cells in rows]
    if not any(_key(cells) == key for _, cells in rows) or len(rows) > MAX_PIECES:
        raise UnreadableError(_FAULTY)
    yield _Reading(key, rows).game()


class _Reading:
    """The rows of one game."""

    def __init__(self, key: str, rows: list[Row]) -> None:
        self.key, self.rows = key, rows
        self.has_shootout = not is_playoff(key)
        first = next(cells for _, cells in rows if _key(cells) == key)
        teams = teams_of(first)
        assert teams  # noqa: S101 - a row with a key has teams
        overtime = 300 if self.has_shootout else 1200
        self.feed = Feed(
            _FORMAT,
            key,
            *teams,
            played_on=first["date"],
            period_seconds={"1": 1200, "2": 1200, "3": 1200, "OT": overtime},
            lacks=("goalie_time", "ice_time", "on_ice", "passes"),
        )
        self.teams = teams
        self.feed.flags["text_repaired"] = sum(REPLACEMENT in cell for _, cells in rows for cell in cells.values())

    def game(self) -> Game:
        self._add_people()
        gives_power_play = self._power_plays()
        for line, cells in self.rows:
            with self.feed.row(line, cells, "row"):
                self._add(cells, gives_power_play.get(line))
        self._add_goalies()
        return self.feed.game(msgspec.json.encode({_FORMAT: self.key, "rows": self.rows}))

    # ---------------------------------------------------------------- people

    def _add_people(self) -> None:
        """Build the rosters: the players on the ice first, because a row contains their side."""
        known: set[tuple[str, str | None, str | None]] = set()
        for _, cells in self.rows:
            for side in SIDES:
                for column in (f"{side} goalie", *_PLAYERS[side]):
                    position = "G" if column == f"{side} goalie" else None
                    written = f"{side} {position}", cells.get(f"{column} id"), cells.get(column)
                    if written in known:
                        continue
                    known.add(written)
                    try:
                        player = _who(cells, f"{column} id", column)
                        self.feed.person(side, player, name=cells.get(column), position=position)
                    except BadValueError:
                        continue  # another row may have a name that can be stored; otherwise the player is flagged
        for _, cells in self.rows:
            of_event = self._side(cells)
            if not of_event or _event(cells) not in _PLAYS:
                continue
            for number, of_player in enumerate(_sides_of_players(_event(cells), of_event), start=1):
                try:
                    self.feed.person(of_player, _person(cells, f"p{number}"), name=cells.get(f"p{number} name"))
                except BadValueError:
                    continue

    def _side(self, cells: Cells) -> Side | None:
        """Return the side of Ev_Team; without a known code, the side of the first player."""
        side = side_of_team(cells.get("ev team"), self.teams)
        if side:
            return side
        try:
            found = self.feed.entry(_person(cells, "p1"))
        except BadValueError:
            return None
        if not found:
            return None
        return OTHER[found.side] if _event(cells) == "BLOCK" else found.side

    def _add_goalies(self) -> None:
        """Add the time in net of the goalies. A change between two rows counts at the time of the second row."""
        by_period: dict[int, list[tuple[Decimal, Cells]]] = defaultdict(list)
        for _, cells in self.rows:
            try:
                number = period(cells.get("period"), 3)
                left = self._left(cells, number)
            except BadValueError:
                continue
            if number and left is not None and not self._is_shootout(number):
                by_period[number].append((left, cells))
        last = max(by_period, default=0)
        for number, rows in by_period.items():
            end = Decimal(0) if number < last else min(left for left, _ in rows)
            for side in SIDES:
                self._add_goalies_of(side, number, end, [row for row in rows if _has_line_up(row[1], side)])

    def _add_goalies_of(self, side: Side, number: int, end: Decimal, rows: list[tuple[Decimal, Cells]]) -> None:
        since = Decimal(self.feed.length(number))
        in_net: str | None = None
        for place, (left, cells) in enumerate(rows):
            goalie = self._known_goalie(cells, side)
            if place and goalie != in_net:
                if in_net and left < since:
                    self.feed.shift(in_net, number, since, left)
                since = left
            in_net = goalie
        if in_net and end < since:
            self.feed.shift(in_net, number, since, end)

    def _known_goalie(self, cells: Cells, side: Side) -> str | None:
        try:
            goalie = _goalie(cells, side)
        except BadValueError:
            return None
        return goalie if self.feed.entry(goalie) else None

    # ---------------------------------------------------------------- plays

    def _add(self, cells: Cells, gives_power_play: bool | None) -> None:
        """Add the plays of a row. Raises BadValueError when the row cannot be used."""
        if not cells:
            raise BadValueError("The row has more cells than the header has columns, or is not valid CSV.")
        if _key(cells) != self.key:
            raise BadValueError(
                "The row has no valid game: it needs a date like 2018-10-03, a Game_Id and the names of both teams."
            )
        event = _event(cells)
        if event in _MARKS:
            return
        if event not in _PLAYS:
            raise BadValueError("The event is not a code of hockey_scraper, such as SHOT or STOP.")
        number = period(cells.get("period"), 3)
        side = self._side(cells)
        if self._is_shootout(number) and event in _ATTEMPTS:
            people = [("event", 1, _person(cells, "p1"), None), *self._opposing_goalie(cells, side, None)]
            self.feed.shootout(_ATTEMPTS[event], side=side, people=people)
            return
        if event == "PENL":
            self._add_penalty(number, side, cells, gives_power_play)
        elif event in _ATTEMPTS:
            self._add_attempt(event, number, side, cells)
        else:
            self._play(number, side, cells, *_codes(event), people=self._people(event, side, cells))

    def _play(
        self,
        number: int,
        side: Side | None,
        cells: Cells,
        kind: str,
        detail1: str | None,
        detail2: str | None = None,
        *,
        people: list[Person],
        minutes: int | None = None,
        gives_power_play: bool | None = None,
    ) -> None:
        strength, is_empty_net = _situation(cells, side)
        # the zone of a block is written from the view of the blocker, whose team is not Ev_Team
        zones = _FLIPPED if detail1 == "Shot_Blocked" else _ZONES
        self.feed.play(
            number,
            self._left(cells, number),
            kind,
            detail1,
            detail2,
            side=side,
            people=people,
            point=(cells.get("xc"), cells.get("yc")) if "xc" in cells and "yc" in cells else None,
            zone=zones.get(cells.get("ev zone", "").strip().lower()[:3]),
            minutes=minutes,
            gives_power_play=gives_power_play,
            strength=strength,
            is_empty_net=is_empty_net,
            written=_event(cells),
        )

    def _add_attempt(self, event: str, number: int, side: Side | None, cells: Cells) -> None:
        """Add a goal, a shot on goal with its save, or a missed shot."""
        is_penalty_shot = _is_penalty_shot(cells)
        how = "PenaltyShot" if is_penalty_shot else one_word(cells.get("type"))
        people: list[Person] = [("event", 1, _person(cells, "p1"), None)]
        if event == "GOAL":
            people += [
                ("event", place, _person(cells, f"p{place}"), mark)
                for place, mark in ((2, "AssistPrimary"), (3, "AssistSecondary"))
            ]
            people += self._opposing_goalie(cells, side, "GoalAgainst")
            people += [] if is_penalty_shot else _plus_and_minus(cells, side)
            self._play(number, side, cells, "Goal", "Goal_Scored", _of("Goal", how), people=people)
            return
        outcome = "Shot_OnNet" if event == "SHOT" else "Shot_Missed"
        self._play(number, side, cells, "Shot", outcome, _of("Shot", how), people=people)
        if event == "SHOT" and side:
            saved_by: list[Person] = [("event", 1, _goalie(cells, OTHER[side]), None)]
            left = self._left(cells, number)
            self.feed.play(number, left, "Save", "Save_Shot", side=OTHER[side], people=saved_by, written=event)

    def _add_penalty(self, number: int, side: Side | None, cells: Cells, gives_power_play: bool | None) -> None:
        kind, minutes = penalty_of(cells.get("type"))
        self.feed.flags["penalty_class_assumed"] += kind is None
        is_bench = kind == "Bench"
        people: list[Person] = [
            ("event", 1, None if is_bench else _person(cells, "p1"), None),
            ("event", 2, _person(cells, "p3"), "ServedBy"),
            ("opp", 1, _person(cells, "p2"), "DrewPenalty"),
        ]
        infraction = one_word(cells.get("type", "").partition("(")[0])
        self._play(
            number,
            side,
            cells,
            "Penalty",
            _penalty_class(kind),
            _of("Penalty", infraction),
            people=people,
            minutes=minutes,
            gives_power_play=gives_power_play,
        )

    def _people(self, event: str, side: Side | None, cells: Cells) -> list[Person]:
        """Return the players of a row other than an attempt or a penalty."""
        first, second = _person(cells, "p1"), _person(cells, "p2")
        if event != "BLOCK":
            return [("event", 1, first, None), ("opp", 1, second, None)]
        blocker = self.feed.entry(first)
        if blocker and blocker.side == side:  # a player of the shooter's own team was in the way
            return [("event", 1, second, None), ("event", 2, first, None)]
        return [("event", 1, second, None), ("opp", 1, first, "BlockedShot")]

    def _opposing_goalie(self, cells: Cells, side: Side | None, mark: str | None) -> list[Person]:
        return [("opp", 1, _goalie(cells, OTHER[side]), mark)] if side else []

    def _power_plays(self) -> dict[int, bool | None]:
        """Return whether each penalty gives a power play, by its line."""
        penalties: list[NhlRow] = []
        for line, cells in self.rows:
            if _event(cells) != "PENL":
                continue
            try:
                number = period(cells.get("period"), 3)
            except BadValueError:
                continue
            kind, minutes = penalty_of(cells.get("type"))
            penalties.append(
                NhlRow(
                    position=line,
                    raw=None,
                    kind="penalty",
                    written="PENL",
                    period=number,
                    left=self._left(cells, number),
                    side=self._side(cells),
                    people={},
                    penalty_class=_penalty_class(kind),
                    minutes=minutes,
                )
            )
        return {penalties[number].position: gives for number, gives in power_plays(penalties).items()}

    def _is_shootout(self, number: int) -> bool:
        return self.has_shootout and number == _SHOOTOUT_PERIOD

    def _left(self, cells: Cells, number: int) -> Decimal | None:
        at = clock(cells.get("time elapsed"))
        if at is None:
            at = seconds(cells.get("seconds elapsed"))
        return None if at is None or at < 0 else max(Decimal(0), self.feed.length(number) - at)


def _event(cells: Cells) -> str:
    return cells.get("event", "").strip().upper()


def _codes(event: str) -> tuple[str, str | None]:
    match event:
        case "FAC":
            return "Faceoff", "Faceoff_Won"
        case "BLOCK":
            return "Shot", "Shot_Blocked"
        case "GIVE":
            return "Turnover", "Turnover_Giveaway"
        case "TAKE":
            return "Turnover", "Turnover_Takeaway"
        case _:
            return "Hit", None


def _sides_of_players(event: str, side: Side) -> tuple[Side, ...]:
    """Return the sides of p1, p2 and p3."""
    match event:
        case "BLOCK":
            return OTHER[side], side
        case "GOAL":
            return side, side, side
        case "PENL":
            return side, OTHER[side], side
        case _:
            return side, OTHER[side]


def _who(cells: Cells, id_column: str, name_column: str) -> str | None:
    """Return the id of a player; for one without an id, a key made of the name."""
    found = identifier(cells.get(id_column))
    if found:
        return found
    name = text(cells.get(name_column))
    return f"name:{name.casefold()}" if name else None


def _person(cells: Cells, column: str) -> str | None:
    """Return the player in p1, p2 or p3. Team stands for the player of a bench penalty."""
    found = _who(cells, f"{column} id", f"{column} name")
    return None if found == "name:team" else found


def _goalie(cells: Cells, side: Side) -> str | None:
    return _who(cells, f"{side} goalie id", f"{side} goalie")


def _on_ice(cells: Cells, side: Side) -> Iterator[tuple[str, str | None]]:
    """Yield id and name of the players of a side on the ice, with the goalie."""
    for column in _PLAYERS[side]:
        found = _who(cells, f"{column} id", column)
        if found:
            yield found, cells.get(column)


def _has_line_up(cells: Cells, side: Side) -> bool:
    """Return whether the row lists at least three players of the side, which a penalty shot does not."""
    return sum(column in cells or f"{column} id" in cells for column in _PLAYERS[side]) > 2


def _is_penalty_shot(cells: Cells) -> bool:
    """Return whether the strength is 1x0 or 0x1: only the shooter and the goalie are on the ice."""
    skaters = skaters_of(cells)
    return skaters is not None and sorted(skaters.values()) == [0, 1]


def _situation(cells: Cells, side: Side | None) -> tuple[Strength | None, bool | None]:
    """Return the strength of a side without its extra attacker, and whether the net of the other side is empty."""
    skaters = skaters_of(cells)
    if side is None or skaters is None:
        return None, None
    if _is_penalty_shot(cells):
        return "even", False
    if not all(_has_line_up(cells, each) for each in SIDES):
        return None, None
    is_out = {each: _goalie(cells, each) is None for each in SIDES}
    mine, theirs = (skaters[each] - is_out[each] for each in (side, OTHER[side]))
    strength: Strength = "power_play" if mine > theirs else "short_handed" if mine < theirs else "even"
    return strength, is_out[OTHER[side]]


def _plus_and_minus(cells: Cells, side: Side | None) -> list[Person]:
    """Return who gets a plus or a minus for a goal: the skaters on the ice, unless it was a power play."""
    strength, _ = _situation(cells, side)
    if side is None or strength in (None, "power_play"):
        return []
    goalies = {each: _goalie(cells, each) for each in SIDES}
    scored = [player for player, _ in _on_ice(cells, side) if player != goalies[side]]
    conceded = [player for player, _ in _on_ice(cells, OTHER[side]) if player != goalies[OTHER[side]]]
    plus: list[Person] = [("event", 9, player, "Plus") for player in scored]
    return plus + [("opp", 9, player, "Minus") for player in conceded]


def _penalty_class(kind: PenaltyClass | None) -> str:
    return "Penalty_Minor" if kind in (None, "Bench") else f"Penalty_{kind}"


def _of(family: str, detail: str | None) -> str | None:
    return f"{family}_{detail}" if detail else None


FORMATS = (
    CsvFormat(_FORMAT, NEEDS, _read),
    JsonFormat(f"archived {_FORMAT}", ((_FORMAT,), ("rows",)), _read_archived),
)

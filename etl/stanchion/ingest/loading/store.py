"""Store one game: archive it, decide which revision is published, and publish it, all in one transaction.

Every decision is derived from all archived revisions and the schedule, under a lock of the game. The order in which
loader processes arrive therefore does not matter, and an interrupted transaction leaves the game unchanged.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
import psycopg
from psycopg.rows import dict_row, namedtuple_row
from psycopg.types.json import Jsonb

from stanchion.ingest.loading import fixture, rows
from stanchion.ingest.loading.decide import Choice, position
from stanchion.ingest.loading.fixture import Scheduled, Tracked
from stanchion.ingest.loading.keys import name_key, storable
from stanchion.ingest.loading.plan import Archived, Known, Plan, UnknownDayError, plan, select
from stanchion.ingest.loading.session import Session, Settings
from stanchion.ingest.reading.league import USUAL_PERIODS
from stanchion.ingest.reading.model import Game, Reject
from stanchion.ingest.reading.recognise import read
from stanchion.ingest.reading.rowtext import arrays
from stanchion.ingest.reading.sources import from_bytes
from stanchion.paths import query
from stanchion.server.connection import Connection, value

T = TypeVar("T")

_DAYS = 50  # days whose partitions one transaction creates: several of these fit into the lock table of a server
_LONGEST_RAW = 4000  # characters of a rejected piece that are stored
_UNPUBLISH = (
    "select contest.remove_rows('game_quality', %(game)s)",
    "select contest.remove_rows('roster_entry', %(game)s)",
    "select contest.remove_rows('official_figure', %(game)s)",
)
NO_DATE = (
    "The documents of the game that have arrived do not contain its date; load another of its documents or a "
    "schedule, or load this one again with --played-on DATE."
)


class _MissingPartitionError(Exception):
    def __init__(self, day: date) -> None:
        self.day = day


@dataclass(frozen=True)
class Arrival:
    """A game that a file contains, with the options it was loaded with."""

    game: Game
    given_on: date | None = None
    accept_shrink: bool = False


@dataclass(frozen=True)
class GameResult:
    """The outcome of storing one game."""

    outcome: str
    reason: str | None = None
    rows: int = 0  # rows written to tables partitioned by game day
    left_out: tuple[Reject, ...] = ()  # pieces of the published game in periods that the league does not play


@dataclass
class Store:
    """Stores games through a session, and remembers the days whose partitions exist."""

    session: Session
    load_id: int
    settings: Settings
    days: set[date] = field(default_factory=set)

    @property
    def tenant(self) -> Any:
        return self.session.tenant_id

    def update(self, game_key: str, arrival: Arrival | None = None) -> GameResult:
        """Update one game in a transaction of its own."""
        return self.locked(game_key, lambda conn, game: self.update_locked(conn, game, arrival))

    def locked(self, game_key: str, work: Callable[[Connection, str], T]) -> T:
        """Call `work` with the id of the game in a transaction that has locked it.

        When the partitions of the game day are missing, they are created and `work` is called in a new transaction.
        """
        while True:
            try:
                with self.session.transaction() as conn:
                    return work(conn, self.lock(conn, game_key))
            except _MissingPartitionError as missing:
                self.ensure_partitions(missing.day)

    def lock(self, conn: Connection, game_key: str) -> str:
        """Lock one game until the end of the transaction. Return its id, which differs when `game_key` is an alias."""
        key = {"tenant": self.tenant, "game": game_key}
        conn.execute(query("ingest/loading", "share_schedule"), key)
        row = conn.execute(query("ingest/loading", "lock_game"), key).fetchone()
        return str(row[0]) if row else game_key

    def ensure_partitions(self, *days: date) -> None:
        """Create the partitions of game days in short transactions of their own, because that locks the tables."""
        for first in range(0, len(days), _DAYS):
            some = days[first : first + _DAYS]
            try:
                with self.session.transaction() as conn:
                    conn.execute("select contest.ensure_game_days(%s)", [list(some)])
            except psycopg.errors.InvalidParameterValue:
                raise UnknownDayError(
                    f"No game can be played on {' or '.join(map(str, some))}; load it again with --played-on DATE."
                ) from None
            self.days.update(some)

    def is_known(self, arrival: Arrival) -> bool:
        """Return whether everything in the arrival is archived already.

        No lock is needed, because nothing is ever removed from the archive.
        """
        with self.session.transaction() as conn:
            return conn.execute(query("ingest/loading", "is_archived"), self._values(arrival)).fetchone() is not None

    def update_locked(
        self, conn: Connection, game_key: str, arrival: Arrival | None, *, restore: bool = False
    ) -> GameResult:
        """Update a game in the caller's transaction, which must have locked the game or the schedule."""
        key = {"tenant": self.tenant, "game": game_key}
        archived = self._archive(conn, arrival) if arrival else None
        known = self._read(conn, key, restore)
        if arrival and arrival.game.rank and known.day is None:
            # its revision stays archived until another document, a schedule or the caller gives the date
            return GameResult("archived", NO_DATE)
        planned = plan(known, archived, self.settings.rules)
        if planned is None:
            return GameResult("unchanged")
        if planned.needs_partition and planned.day not in self.days:
            raise _MissingPartitionError(planned.day)
        return self._write(conn, key, arrival, known, planned)

    # ------------------------------------------------------------ archive

    def _values(self, arrival: Arrival) -> dict[str, Any]:
        game = arrival.game
        return {
            "tenant": self.tenant,
            "load": self.load_id,
            "game": game.game_key,
            "hash": game.content_hash,
            "exported_at": game.exported_at,
            "rank": game.rank,
            "game_date": game.game_date,
            "given_on": arrival.given_on,
            "is_accepted": arrival.accept_shrink,
            "format": game.format,
            "home_team": game.home_team,
            "away_team": game.away_team,
            "events_seen": game.events_seen,
            "events_accepted": len(game.events),
            "events_rejected": game.events_seen - len(game.events),
            "stints_seen": game.stints_seen,
            "stints_accepted": len(game.stints),
            "stints_ignored": game.stints_ignored,
            "stints_rejected": game.stints_seen - game.stints_ignored - len(game.stints),
        }

    def _archive(self, conn: Connection, arrival: Arrival) -> Archived:
        """Archive a game. Of several copies of one content, the copy exported first is kept.

        A copy merged from several documents is kept instead of any other, the one of more and larger documents first.
        """
        values = self._values(arrival)
        values["document"] = zlib.compress(arrival.game.document, 1)
        content_hash = arrival.game.content_hash
        if conn.execute(query("ingest/loading", "archive_copy"), values).rowcount:
            is_original = conn.execute(query("ingest/loading", "archive_original"), values).rowcount > 0
            is_extended = is_original and arrival.game.rank is not None
            return Archived(content_hash, is_new=False, is_original=is_original, is_extended=is_extended)
        conn.execute(query("ingest/loading", "archive"), values)
        return Archived(content_hash, is_new=True, is_original=True)

    def _from_archive(self, conn: Connection, game_key: str, content_hash: bytes | None) -> Game:
        row = conn.execute(
            "select r.document from landing.revision as r "
            "where r.tenant_id = %s and r.game_key = any(%s) and r.content_hash = %s",
            [self.tenant, game_keys(conn, game_key), content_hash],
        ).fetchone()
        assert row  # noqa: S101 - the plan was made from the same rows
        archived = next(read(from_bytes("archive", zlib.decompress(row[0]))))
        assert isinstance(archived, Game)  # noqa: S101 - a merged game is archived as one document
        return msgspec.structs.replace(archived, content_hash=content_hash)

    # ------------------------------------------------------------ read

    def _read(self, conn: Connection, key: dict[str, Any], restore: bool) -> Known:
        selection = select(read_revisions(conn, key), read_choice(conn, key), self.settings)
        scheduled = self.scheduled(conn, key, selection.day, selection.teams)
        stored = conn.cursor(row_factory=dict_row).execute(query("ingest/loading", "fixture"), key).fetchone()
        known = Known(selection, scheduled, stored)
        if known.stored_day and known.may_have_expired(restore):
            return replace(known, has_expired=not self._has_rows(conn, key, known.stored_day))
        return known

    def scheduled(
        self, conn: Connection, key: dict[str, Any], day: date | None, teams: tuple[str, str]
    ) -> Scheduled | None:
        """Return the row of the schedule, or the fixture of a competition, for a game; None when there is none."""
        values = key | {"day": day, "home": teams[0], "away": teams[1]}
        row = conn.cursor(row_factory=dict_row).execute(query("ingest/loading", "schedule_of"), values).fetchone()
        return Scheduled(**row) if row else None

    def _has_rows(self, conn: Connection, key: dict[str, Any], day: date) -> bool:
        row = conn.execute("select contest.has_own_rows(%s, %s)", [day, key["game"]]).fetchone()
        return bool(row and row[0])

    # ------------------------------------------------------------ write

    def _write(
        self, conn: Connection, key: dict[str, Any], arrival: Arrival | None, known: Known, planned: Plan
    ) -> GameResult:
        for content_hash, state in known.selection.changed_states.items():
            conn.execute(
                "update landing.revision set state = %(state)s "
                "where tenant_id = %(tenant)s and game_key = any(%(games)s) and content_hash = %(hash)s",
                key | {"games": game_keys(conn, key["game"]), "state": state, "hash": content_hash},
            )
        game, left_out, tracked = self._published(conn, key, arrival, known, planned)
        selection, stored = known.selection, known.fixture
        new = fixture.describe(
            selection.teams, planned.day, selection.day_source, known.scheduled, tracked, selection.is_withdrawn
        )
        written = self._write_rows(conn, key, planned, game)
        if arrival:
            self._write_names(conn, arrival.game, {new["home_team_key"], new["away_team_key"]})
        if planned.is_rewritten or new != stored:
            fixture.write_fixture(conn, key["game"], self.load_id, new)
            if game:
                self._write_roster(conn, key, game)
                self._write_official(conn, key, game)
            if tracked:
                conn.execute(query("ingest/loading", "put_quality"), key | _json(fixture.score_quality(new, tracked)))
            elif stored and stored["content_hash"]:
                for statement in _UNPUBLISH:
                    conn.execute(statement, key)
            self.update_untracked(conn, {planned.day} | ({stored["played_on"]} if stored else set()))
        if arrival is None:
            return GameResult(planned.outcome, rows=written)
        is_published = arrival.game.content_hash == selection.published
        return GameResult(
            planned.outcome,
            self.reason(planned.outcome, arrival, is_by_another=planned.is_by_another),
            written,
            left_out if is_published else (),
        )

    def _published(
        self, conn: Connection, key: dict[str, Any], arrival: Arrival | None, known: Known, planned: Plan
    ) -> tuple[Game | None, tuple[Reject, ...], Tracked | None]:
        """Return the game whose rows are to be written, the pieces left out of it, and the tracked part."""
        if planned.is_rewritten:
            in_hand = arrival.game if arrival and planned.source == "arrival" else None
            league = self.settings.rules.on(planned.day)
            game, left_out = league.apply(in_hand or self._from_archive(conn, key["game"], known.selection.published))
            return game, left_out, Tracked.of(game, league.periods or USUAL_PERIODS)
        if planned.source == "stored" and known.fixture:
            stored = conn.cursor(row_factory=dict_row).execute(query("ingest/loading", "quality"), key).fetchone()
            return None, (), fixture.stored_tracked(known.fixture, stored or {})
        return None, (), None

    def _write_rows(self, conn: Connection, key: dict[str, Any], planned: Plan, game: Game | None) -> int:
        """Move, remove and insert rows as planned. Return the number of rows written."""
        written = 0
        if planned.move_from:
            days = {"new_day": planned.day, "day": planned.move_from}
            for statement in rows.MOVE.values():
                written += _count(conn.execute(statement, key | days, prepare=False))
        if planned.remove_from:
            for statement in rows.REMOVE.values():
                conn.execute(statement, key | {"day": planned.remove_from}, prepare=False)
        if game is not None:
            for table, array in arrays(game.rows):
                written += _count(conn.execute(rows.PUBLISH[table], key | {"day": planned.day, "rows": array}))
        return written

    def _write_names(self, conn: Connection, game: Game, team_keys: set[str]) -> None:
        """Upsert teams and persons: late in the transaction, because all games of a team lock the same rows.

        The documents that arrive first may have no names of teams. A team without a name is only written for a fixture
        that refers to it, so that the rows do not depend on the order of arrival.
        """
        names = [name for name in map(storable, (game.home_team, game.away_team)) if name or "" in team_keys]
        values = {"tenant": self.tenant, "seen_at": game.exported_at}
        conn.execute(
            query("ingest/loading", "put_teams"), values | {"keys": [name_key(name) for name in names], "names": names}
        )
        teams = zip((game.home_team, game.away_team), game.colours, strict=True)
        coloured = {name_key(storable(name)): colour for name, colour in teams if colour}
        if coloured:
            columns = {"keys": list(coloured), "colours": list(coloured.values())}
            conn.execute(query("ingest/loading", "put_colours"), values | columns)
        persons = {entry.person_key: entry for entry in game.rosters if entry.person_key}
        if persons:
            conn.execute(
                query("ingest/loading", "put_persons"),
                values
                | {
                    "keys": list(persons),
                    "names": [entry.name for entry in persons.values()],
                    "positions": [entry.position for entry in persons.values()],
                },
            )

    def _write_roster(self, conn: Connection, key: dict[str, Any], game: Game) -> None:
        conn.execute("select contest.remove_rows('roster_entry', %(game)s)", key)
        numbers = {"home": 0, "away": 0}
        entry_nos = []
        for entry in game.rosters:
            entry_nos.append(numbers[entry.side])
            numbers[entry.side] += 1
        conn.execute(
            query("ingest/loading", "put_roster"),
            key
            | {
                "sides": [entry.side for entry in game.rosters],
                "numbers": entry_nos,
                "jerseys": [entry.jersey for entry in game.rosters],
                "persons": [entry.person_key for entry in game.rosters],
                "names": [entry.name for entry in game.rosters],
                "positions": [entry.position for entry in game.rosters],
            },
        )

    def _write_official(self, conn: Connection, key: dict[str, Any], game: Game) -> None:
        conn.execute("select contest.remove_rows('official_figure', %(game)s)", key)
        figures = {(each.scope, each.side, each.player, each.period, each.name): each.value for each in game.official}
        if figures:
            scopes, sides, players, periods, names = (list(column) for column in zip(*figures, strict=True))
            lists = {"scopes": scopes, "sides": sides, "players": players, "periods": periods, "names": names}
            conn.execute(query("ingest/loading", "put_official"), key | lists | {"figures": list(figures.values())})

    def retire(self, conn: Connection, game_key: str) -> None:
        """Withdraw the fixture of an id that became an alias: its revisions belong to another game now."""
        key = {"tenant": self.tenant, "game": game_key}
        stored = conn.cursor(row_factory=dict_row).execute(query("ingest/loading", "fixture"), key).fetchone()
        if stored is None or (stored["status"] == "void" and stored["content_hash"] is None):
            return
        for statement in rows.REMOVE.values():
            conn.execute(statement, key | {"day": stored["played_on"]}, prepare=False)
        for statement in _UNPUBLISH:
            conn.execute(statement, key)
        teams = (stored["home_team_key"], stored["away_team_key"])
        void = fixture.describe(teams, stored["played_on"], stored["played_on_source"], None, None, is_withdrawn=True)
        fixture.write_fixture(conn, game_key, self.load_id, void)

    def update_untracked(self, conn: Connection, days: set[date]) -> None:
        """Add or remove the fixtures of schedule rows without a game id, for the given days.

        Such a row has a fixture of its own until a tracked game matches it.
        """
        found = conn.execute(query("ingest/loading", "untracked"), {"tenant": self.tenant, "days": list(days)})
        for schedule_key, is_tracked, has_fixture in found.fetchall():
            if is_tracked and has_fixture:
                conn.execute("select contest.remove_rows('fixture', %s)", [schedule_key])
            elif not is_tracked and not has_fixture:
                self.update_locked(conn, schedule_key, None)

    # ------------------------------------------------------------ reasons

    def reason(self, outcome: str, arrival: Arrival, *, is_by_another: bool = False) -> str | None:
        """Return the reason of an outcome, with the remedy where one exists. None when the outcome needs no reason."""
        if outcome == "quarantined":
            return _too_few_events(arrival.game, self.session.tenant, self.settings.shrink_percent)
        if outcome == "empty":
            if arrival.game.rank:
                return "The documents of the game that have arrived contain no events and no stints."
            return "The export has no events and no stints."
        if is_by_another:
            return "This export led to the publication of another revision of the game."
        if outcome == "archived":
            return "A newer revision or another source of the game is published, or an operator chose another one."
        return None


def _too_few_events(game: Game, tenant: str, shrink_percent: Decimal) -> str:
    return (
        f"The export has {len(game.events)} events, over {shrink_percent:g} % fewer than the revision before it. "
        f"To publish it: stanchion games publish {game.game_key} --tenant {tenant} "
        f"--revision {game.content_hash.hex()[:12]} --quarantined"
    )


def raw_json(reject: Reject) -> str | None:
    """Return a rejected piece as JSON that the database can store, cut at a length that a person can still read."""
    if reject.raw is None:
        return None
    try:
        text = msgspec.json.encode(reject.raw).decode().replace("\\u0000", "\\ufffd")
    except (ValueError, TypeError, RecursionError):
        return msgspec.json.encode({"unreadable": type(reject.raw).__name__}).decode()
    if len(text) > _LONGEST_RAW:
        return msgspec.json.encode({"beginning": text[:_LONGEST_RAW]}).decode()
    return text


def read_revisions(conn: Connection, key: dict[str, Any]) -> list[Any]:
    """Return the archived revisions of a game, without their documents."""
    values = key | {"games": game_keys(conn, key["game"])}
    return conn.cursor(row_factory=namedtuple_row).execute(query("ingest/loading", "revisions"), values).fetchall()


def game_keys(conn: Connection, game_key: str) -> list[str]:
    """Return the ids of the revisions of a game. A statement on the revisions takes them as a parameter.

    A cluster would run a function in the condition on the node that has the rows.
    """
    return list(value(conn, query("ingest/loading", "game_keys"), {"game": game_key}))


def read_choice(conn: Connection, key: dict[str, Any]) -> Choice | None:
    """Return the latest choice of an operator about a game."""
    row = conn.execute(
        "select c.content_hash, c.over_exported_at, c.over_hash, c.over_rank from landing.choice as c "
        "where c.tenant_id = %(tenant)s and c.game_key = %(game)s",
        key,
    ).fetchone()
    return Choice(row[0], position(row[1], row[2], row[3])) if row else None


def _count(cursor: psycopg.Cursor[Any]) -> int:
    """Return the number in the only row."""
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def _json(row: dict[str, Any]) -> dict[str, Any]:
    return {name: Jsonb(value) if isinstance(value, dict) else value for name, value in row.items()}

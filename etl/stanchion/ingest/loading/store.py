"""One game into the database: archived, decided about, and published if it is to be, in one transaction.

Everything is derived anew from what is archived and scheduled, under a lock of the game. So it does not matter who
comes first, and a transaction that is cut off leaves the game as it was.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import psycopg
from psycopg.rows import dict_row, namedtuple_row
from psycopg.types.json import Jsonb

from stanchion.errors import StanchionError
from stanchion.ingest.loading import fixture, rows
from stanchion.ingest.loading.decide import Choice, Revision, decide, place
from stanchion.ingest.loading.fixture import Dates, Scheduled, Tracked
from stanchion.ingest.loading.keys import name_key, storable
from stanchion.ingest.loading.session import Session, Settings
from stanchion.ingest.reading.league import USUAL_PERIODS
from stanchion.ingest.reading.model import Game, Reject
from stanchion.ingest.reading.recognise import read
from stanchion.ingest.reading.rowtext import arrays
from stanchion.ingest.reading.sources import from_bytes
from stanchion.paths import query
from stanchion.server.connection import Connection

_LONGEST_RAW = 4000  # characters of a rejected piece that are kept
_UNPUBLISH = (
    "delete from contest.game_quality where tenant_id = %(tenant)s and game_key = %(game)s",
    "delete from contest.roster_entry where tenant_id = %(tenant)s and game_key = %(game)s",
)


class NoDayError(StanchionError):
    """Nobody says on which day the game was, or it is no day of a game."""


class _MissingDayError(Exception):
    def __init__(self, day: date) -> None:
        self.day = day


@dataclass(frozen=True)
class Arrival:
    """A game as a file has it, and how it was loaded."""

    game: Game
    given_on: date | None = None
    accept_shrink: bool = False


@dataclass(frozen=True)
class Verdict:
    outcome: str
    reason: str | None = None
    rows: int = 0  # that were written by game day
    left_out: tuple[Reject, ...] = ()  # what the league does not play of the game that was published


@dataclass
class Store:
    """What a session needs to settle games, and which days it knows to be there."""

    session: Session
    load_id: int
    settings: Settings
    days: set[date] = field(default_factory=set)

    @property
    def tenant(self) -> Any:
        return self.session.tenant_id

    def settle(
        self,
        game_key: str,
        arrival: Arrival | None = None,
        *,
        first: Callable[[Connection], None] | None = None,
        note: Callable[[Connection, Verdict], None] | None = None,
        restore: bool = False,
    ) -> Verdict:
        """Settle one game in a transaction of its own.

        `first` is done in it under the lock of the game, and `note` writes what became of the game. With `restore` its
        rows are written again if they have expired.
        """
        while True:
            try:
                with self.session.transaction() as conn:
                    conn.execute(query("ingest/loading", "lock"), {"tenant": self.tenant, "game": game_key})
                    if first:
                        first(conn)
                    verdict = self.settle_locked(conn, game_key, arrival, restore=restore)
                    if note:
                        note(conn, verdict)
                    return verdict
            except _MissingDayError as missing:
                self.ensure(missing.day)

    def ensure(self, day: date) -> None:
        """Have the partitions of a day; in a transaction of its own, for as short as can be."""
        try:
            with self.session.transaction() as conn:
                conn.execute("select contest.ensure_game_days(%s)", [[day]])
        except psycopg.errors.InvalidParameterValue:
            raise NoDayError(f"No game is played on {day}; load it again with --played-on DATE.") from None
        self.days.add(day)

    def is_stale(self, arrival: Arrival) -> bool:
        """Whether all that the game says is archived already; asked without a lock, since nothing is taken back."""
        with self.session.transaction() as conn:
            return conn.execute(query("ingest/loading", "stale"), self._values(arrival)).fetchone() is not None

    def settle_locked(
        self, conn: Connection, game_key: str, arrival: Arrival | None, *, restore: bool = False
    ) -> Verdict:
        """Settle a game in the caller's transaction, which holds its lock or that of the schedule."""
        key = {"tenant": self.tenant, "game": game_key}
        is_new, is_original = self._archive(conn, arrival) if arrival else (False, False)
        chain = sorted(read_revisions(conn, key), key=lambda row: place(row.exported_at, row.content_hash))
        choice = choice_of(conn, key)
        published, states = decide(map(revision_of, chain), choice, self.settings.shrink_percent)
        for row in chain:
            if row.state != states[row.content_hash]:
                conn.execute(
                    "update landing.revision set state = %(state)s "
                    "where tenant_id = %(tenant)s and game_key = %(game)s and content_hash = %(hash)s",
                    key | {"state": states[row.content_hash], "hash": row.content_hash},
                )
        old = conn.cursor(row_factory=dict_row).execute(query("ingest/loading", "fixture"), key).fetchone()
        named = next((row for row in chain if row.content_hash == published), chain[-1] if chain else None)
        teams = (name_key(named.home_team), name_key(named.away_team)) if named else ("", "")
        day, source = Dates.of(chain, self.settings.ahead_of_utc).day()
        scheduled = self._scheduled(conn, game_key, day, teams)
        if scheduled is not None:
            day = scheduled.played_on
        elif named is None:
            return Verdict("unchanged")
        if day is None:
            raise NoDayError("Nobody says on which day the game was; load it again with --played-on DATE.")

        is_other = published is not None and (old is None or old["content_hash"] != published)
        league = self.settings.rules.on(day)
        is_arrivals = arrival is not None and arrival.game.content_hash == published
        is_rewritten = is_other or (is_arrivals and is_original)
        if published is not None and old and not is_rewritten:
            is_by_other_rules = self.settings.rules.on(old["played_on"]) != league
            may_have_expired = restore or old["played_on"] != day  # what expired cannot be moved
            is_rewritten = is_by_other_rules or (
                may_have_expired and not self._has_rows(conn, game_key, old["played_on"])
            )
        left_out: tuple[Reject, ...] = ()
        game: Game | None = None
        tracked: Tracked | None = None
        if is_rewritten:
            in_hand = is_arrivals and (is_new or is_original)
            game = arrival.game if arrival and in_hand else self._from_archive(conn, game_key, published)
            game, left_out = league.plays(game)
            tracked = Tracked.of(game, league.periods or USUAL_PERIODS)
        elif published is not None and old:
            judged = conn.cursor(row_factory=dict_row).execute(query("ingest/loading", "quality"), key).fetchone()
            tracked = fixture.stored_tracked(old, judged or {})
        gone = choice is not None and choice.content_hash is None
        new = fixture.describe(teams, day, source, scheduled, tracked, gone)
        stays = old is not None and old["content_hash"] is not None and old["played_on"] == new["played_on"]
        if published is not None and (game or not stays) and new["played_on"] not in self.days:
            raise _MissingDayError(new["played_on"])

        written = self._write_rows(conn, key, old, new, game)
        if arrival:
            self._write_names(conn, arrival.game)
        changed = old != new or is_rewritten
        if changed:
            fixture.write_fixture(conn, game_key, self.load_id, new)
            if game:
                self._write_roster(conn, key, game)
            if tracked:
                conn.execute(query("ingest/loading", "put_quality"), key | _json(fixture.judge(new, tracked)))
            elif old and old["content_hash"]:
                for statement in _UNPUBLISH:
                    conn.execute(statement, key)
            self.settle_waiting(conn, {new["played_on"]} | ({old["played_on"]} if old else set()))
        verdict = self._verdict(arrival, is_new, states, published, old, new, is_other, written)
        return replace(verdict, left_out=left_out) if is_arrivals else verdict

    # ------------------------------------------------------------ archive

    def _values(self, arrival: Arrival) -> dict[str, Any]:
        game = arrival.game
        return {
            "tenant": self.tenant,
            "load": self.load_id,
            "game": game.game_key,
            "hash": game.content_hash,
            "exported_at": game.exported_at,
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

    def _archive(self, conn: Connection, arrival: Arrival) -> tuple[bool, bool]:
        """Archive a game; whether its content is new, and whether this copy now stands for it."""
        values = self._values(arrival)
        values["document"] = zlib.compress(arrival.game.document, 1)
        known = conn.execute(query("ingest/loading", "archive_copy"), values).rowcount
        if known:
            return False, conn.execute(query("ingest/loading", "archive_original"), values).rowcount > 0
        conn.execute(query("ingest/loading", "archive"), values)
        return True, True

    def _from_archive(self, conn: Connection, game_key: str, content_hash: bytes | None) -> Game:
        row = conn.execute(
            "select r.document from landing.revision as r "
            "where r.tenant_id = %s and r.game_key = %s and r.content_hash = %s",
            [self.tenant, game_key, content_hash],
        ).fetchone()
        assert row  # noqa: S101 - decided from the same rows
        return msgspec.structs.replace(
            next(read(from_bytes("archive", zlib.decompress(row[0])))), content_hash=content_hash
        )

    # ------------------------------------------------------------ what is asked

    def _scheduled(self, conn: Connection, game_key: str, day: date | None, teams: tuple[str, str]) -> Scheduled | None:
        values = {"tenant": self.tenant, "game": game_key, "day": day, "home": teams[0], "away": teams[1]}
        row = conn.cursor(row_factory=dict_row).execute(query("ingest/loading", "schedule_of"), values).fetchone()
        return Scheduled(**row) if row else None

    def _has_rows(self, conn: Connection, game_key: str, day: date) -> bool:
        row = conn.execute("select contest.has_own_rows(%s, %s)", [day, game_key]).fetchone()
        return bool(row and row[0])

    # ------------------------------------------------------------ what is written

    def _write_rows(
        self, conn: Connection, key: dict[str, Any], old: dict[str, Any] | None, new: dict[str, Any], game: Game | None
    ) -> int:
        """Replace, move or remove the rows by game day; how many were written."""
        had = old is not None and old["content_hash"] is not None
        moved = had and old is not None and old["played_on"] != new["played_on"]
        written = 0
        if old and moved and game is None and new["content_hash"] is not None:
            days = {"new_day": new["played_on"], "day": old["played_on"]}
            for statement in rows.MOVE.values():
                written += conn.execute(statement, key | days, prepare=False).rowcount
        if old and had and (game is not None or moved or new["content_hash"] is None):
            for statement in rows.REMOVE.values():
                conn.execute(statement, key | {"day": old["played_on"]}, prepare=False)
        if game is not None:
            for table, array in arrays(game.rows):
                written += conn.execute(rows.PUBLISH[table], key | {"day": new["played_on"], "rows": array}).rowcount
        return written

    def _write_names(self, conn: Connection, game: Game) -> None:
        """Teams and persons: late in the transaction, since every game of a team has them."""
        names = [storable(game.home_team), storable(game.away_team)]
        values = {"tenant": self.tenant, "seen_at": game.exported_at}
        conn.execute(
            query("ingest/loading", "put_teams"), values | {"keys": [name_key(name) for name in names], "names": names}
        )
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
        conn.execute("delete from contest.roster_entry where tenant_id = %(tenant)s and game_key = %(game)s", key)
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

    def settle_waiting(self, conn: Connection, days: set[date]) -> None:
        """Rows of the schedule without an id are games of their own for as long as no tracked game is theirs."""
        waiting = conn.execute(
            query("ingest/loading", "waiting"), {"tenant": self.tenant, "days": list(days)}
        ).fetchall()
        for schedule_key, is_taken, is_there in waiting:
            if is_taken and is_there:
                conn.execute(
                    "delete from contest.fixture where tenant_id = %s and game_key = %s", [self.tenant, schedule_key]
                )
            elif not is_taken and not is_there:
                self.settle_locked(conn, schedule_key, None)

    # ------------------------------------------------------------ what became of it

    def _verdict(
        self,
        arrival: Arrival | None,
        is_new: bool,
        states: dict[bytes, Any],
        published: bytes | None,
        old: dict[str, Any] | None,
        new: dict[str, Any],
        is_other: bool,
        written: int,
    ) -> Verdict:
        moved = old is not None and old["content_hash"] is not None and old["played_on"] != new["played_on"]
        if arrival is None:
            return Verdict("published" if is_other else "moved" if moved else "unchanged", rows=written)
        content_hash = arrival.game.content_hash
        state = states[content_hash]
        if state == "quarantined" or (is_new and not is_other):
            return why(state, arrival, self.settings.shrink_percent, written)
        if is_other:
            return why(state, arrival, self.settings.shrink_percent, written, by_another=content_hash != published)
        return Verdict("moved" if moved else "unchanged", rows=written)


def why(
    state: str, arrival: Arrival, shrink_percent: Decimal, written: int = 0, *, by_another: bool = False
) -> Verdict:
    """What became of an arrival whose revision is in this state now, and why where that needs words."""
    game = arrival.game
    reason = None
    if state == "quarantined":
        reason = (
            f"It has {len(game.events)} events, more than {shrink_percent:g} % fewer than the revision before it. "
            f"To publish it: stanchion publish {game.game_key} --revision {game.content_hash.hex()[:12]} --quarantined"
        )
    elif state == "empty":
        reason = "It has no events and no stints."
    elif by_another:
        reason = "Another revision of the game is published now that this one is known."
    elif state == "archived":
        reason = "A newer revision of the game is published, or somebody chose otherwise."
    return Verdict(state, reason, written)


def raw_json(reject: Reject) -> str | None:
    """The rejected piece as JSON that the database can keep: not longer, nor deeper, than somebody will read."""
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
    return conn.cursor(row_factory=namedtuple_row).execute(query("ingest/loading", "revisions"), key).fetchall()


def revision_of(row: Any) -> Revision:
    return Revision(
        content_hash=row.content_hash,
        exported_at=row.exported_at,
        events=row.events_accepted,
        is_empty=not row.events_accepted and not row.stints_accepted,
        is_accepted=row.is_accepted,
    )


def choice_of(conn: Connection, key: dict[str, Any]) -> Choice | None:
    row = conn.execute(
        "select c.content_hash, c.over_exported_at, c.over_hash from landing.choice as c "
        "where c.tenant_id = %(tenant)s and c.game_key = %(game)s",
        key,
    ).fetchone()
    return Choice(row[0], place(row[1], row[2])) if row else None


def _json(row: dict[str, Any]) -> dict[str, Any]:
    return {name: Jsonb(value) if isinstance(value, dict) else value for name, value in row.items()}

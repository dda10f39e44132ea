"""Call every function of every role with hostile, extreme and null arguments, and commit half of the calls.

    python -m tests.sql.fuzz [--minutes N | --calls N] [--role ROLE] [--seed S] [--dsn DSN]

A call is the result of its seed, role and number alone, apart from the ids of the rows in the database. A call fails
when the server reports an internal error, a defect in the text of a function or no end within a minute; when the result
or the error contains data of another tenant; when rows of another tenant changed; and when the session keeps a lock.
Without --dsn, the calls run in a temporary server.
"""

import argparse
import json
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import click
import psycopg
from psycopg.rows import dict_row

from stanchion.audit.attacks import FINDS_TENANTS
from stanchion.audit.logins import ROLES, temporary_logins
from stanchion.audit.seed import Table, Victim, digest, fill, make_victim, read_tables
from stanchion.deploy.modules import discover
from stanchion.deploy.runner import deploy, plan_deploy
from stanchion.partitions.ahead import make_due_partitions
from stanchion.paths import ROOT, query
from stanchion.server.connection import Connection
from stanchion.server.embedded import Embedded
from tests.conftest import open_folder

_CHECK_EVERY = 100  # calls between two comparisons of the other tenant's rows
_SHOWN = 1500  # characters of a call that are printed
# SQLSTATEs that no argument may cause: internal errors, and errors in the text of a function
_DEFECTS = {
    "XX000": "an internal error",
    "XX001": "damaged data",
    "XX002": "a damaged index",
    "P0003": "several rows where one was expected",
    "P0004": "a failed assertion",
    "42601": "a syntax error within the function",
    "42703": "an unknown column within the function",
    "42883": "an unknown function within the function",
    "42P02": "an unknown parameter within the function",
    "57014": "no end within a minute",
}
# functions that lock for the rest of the session on purpose: the lock shows that the load lives
_KEEP_A_LOCK = ("landing.begin_load(", "landing.join_load(")

_LONG = "x" * 100_000
_TEXTS = (
    "", " ", "x", "core.tenant", "stock.orders", "' or true --", "\"; drop table core.tenant; --", "%s %I %1$s",
    "$1", "\\", "\n", "{", "{}", "null", "../../etc/passwd", "pg_temp", "a.b.c", "\x1b[31m", "\u202e", "ä🏒\u0301",
    "loads", "marts.x", "owner", "9223372036854775808", "-1", "NaN", "infinity", "stn_" + "0" * 32 + "_x",
    "00000000-0000-7000-8000-000000000000", "x" * 64, "x" * 501, _LONG,
)  # fmt: skip
_INTEGERS = (0, 1, -1, 2, 50, 1000, 1001, 2**31 - 1, -(2**31))
_BIGINTS = (*_INTEGERS, 2**63 - 1, -(2**63))
_DATES = (
    "today",
    "tomorrow",
    "yesterday",
    "infinity",
    "-infinity",
    "0001-01-01",
    "4713-01-01 BC",
    "5874897-12-31",
    "2000-02-29",
)
_TIMES = (
    "now",
    "tomorrow",
    "infinity",
    "-infinity",
    "0001-01-01",
    "4713-01-01 BC",
    "294276-12-31",
    "2000-02-29 23:59:60+00",
)
_DOCUMENTS: tuple[Any, ...] = (
    None, 0, "", "x", [], {}, [[]], [None], [{}], {"type": None}, [{"type": "goal"}],
    [{"type": "goal", "payload": None}], [{"type": 1, "payload": []}], {"key": _LONG}, [1] * 10_000, 1e308,
    {"sub": "x", "app_metadata": {"tenant_id": "x"}}, {"mapping": {}}, {"x": {"y": [1, {"z": None}]}},
    [{"action_id": "a", "game_key": "g", "kind": "goal", "at": "x", "expected": -1}],
    [{"principal_id": "x", "at": "infinity"}],
)  # fmt: skip
_VALUES: dict[str, tuple[Any, ...]] = {
    "text": _TEXTS,
    "integer": _INTEGERS,
    "smallint": (0, 1, -1, 32767, -32768),
    "bigint": _BIGINTS,
    "numeric": (0, 1, -1, "0.000000000000000001", "1e30", "-1e30", "NaN", "Infinity", "-Infinity", 12.5),
    "double precision": (0, 1, -1, "NaN", "Infinity", "-Infinity", 1e308, 5e-324),
    "boolean": (True, False),
    "date": _DATES,
    "timestamp with time zone": _TIMES,
    "interval": (
        "0",
        "1 second",
        "-1 second",
        "30 seconds",
        "1 day",
        "178000000 years",
        "-178000000 years",
        "1 month -30 days",
    ),
    "jsonb": tuple(map(json.dumps, _DOCUMENTS)),
    "bytea": ("", "\\x00", "\\x" + "ff" * 32, "\\x" + "00" * 10_000),
    "regclass": (
        "0",
        "4294967295",
        "core.tenant",
        "pg_class",
        "core.job_notice",
        "core.audit_log",
        "core.job_pk",
        "core.job_state",
    ),
    "oid": ("0", "1", "4294967295"),
    "xid8": ("0", "3", "1000", "18446744073709551615"),
    "pg_snapshot": (
        "1:1:",
        "3:1000:",
        "700:900:700,800",
        "1:9223372036854775807:",
        "9223372036854775807:9223372036854775807:",
    ),
}
_SETTINGS: dict[str, tuple[str, ...]] = {
    "app.principal_id": ("", "", "x", "00000000-0000-0000-0000-000000000000"),
    "app.request_id": ("", "", "request 1", "x" * 201),
    "app.email": ("", "", "x@x.example", _LONG),
    "request.jwt.claims": ("", "", "{", "[]", '{"sub": 1}', "[" * 20_000),
    "timezone": ("UTC", "Pacific/Auckland", "Pacific/Honolulu"),
    "datestyle": ("ISO", "German", "SQL, DMY"),
    "search_path": ("pg_catalog", "pg_temp, public", ""),
}


@dataclass
class Tally:
    """The number of calls and of their outcomes, and the failures."""

    calls: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)  # by SQLSTATE; 00000 for calls that succeeded
    called: set[str] = field(default_factory=set)  # the functions
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Place:
    """A database with three tenants that have a row in every table, and a login of each role.

    The sessions act for `ours`. Values of `theirs` are arguments of calls that are rolled back: a committed call could
    store them for `ours`, and later answers would rightly contain them. Values of `target` are arguments of calls that
    are committed.
    """

    operator: Connection
    logins: dict[str, str]
    tables: list[Table]
    ours: Victim
    theirs: Victim
    target: Victim
    functions: list[dict[str, Any]]


@contextmanager
def place(operator: Connection, dsn: str) -> Iterator[Place]:
    """Make three tenants in a deployed database, and the logins, which are dropped at the end."""
    tables = read_tables(operator)
    by_name = {table.name: table for table in tables}
    victims = [make_victim(operator, f"fuzz-{side}-{time.time_ns():x}") for side in ("ours", "theirs", "target")]
    for victim in victims:
        refused = {table.name: reason for table in tables if (reason := fill(operator, table, victim, by_name))}
        assert not refused, refused
    functions = operator.cursor(row_factory=dict_row).execute(query("audit", "functions")).fetchall()
    with temporary_logins(operator, dsn) as logins:
        with psycopg.connect(logins["stanchion_analyst"]) as conn:
            name = conn.info.user
        with operator.transaction():
            operator.execute(
                "select set_config('app.tenant_id', %s, true), core.grant_analyst(%s)", [victims[0].tenant_id, name]
            )
        yield Place(operator, logins, tables, *victims, functions)


def fuzz(place: Place, role: str, seed: int, may_go_on: Callable[[int], bool]) -> Tally:
    """Call the functions of a role while `may_go_on` returns true for the number of the next call."""
    session = _Session(place, role)
    try:
        while may_go_on(session.tally.calls) and not session.tally.failures:
            session.call(random.Random(f"{seed} {role} {session.tally.calls}"))
            if session.tally.calls % _CHECK_EVERY == 0:
                session.check_rows()
        session.check_rows()
    finally:
        session.conn.close()
    return session.tally


class _Session:
    """The session of a role, which acts for the tenant ours."""

    def __init__(self, place: Place, role: str) -> None:
        self.place, self.role, self.tally = place, role, Tally()
        self.functions = [function for function in place.functions if function["role"] == role]
        self.before = self._digest()
        self.last = ""
        self.conn = self._connect()

    def _connect(self) -> Connection:
        conn = psycopg.connect(self.place.logins[self.role], autocommit=True, cursor_factory=psycopg.ClientCursor)
        conn.execute(
            "set statement_timeout = '1min'; set lock_timeout = '10s'; set default_transaction_read_only = off"
        )
        return conn

    def call(self, choose: random.Random) -> None:
        """Make one call, and check its answer and the locks that it left."""
        function = choose.choice(self.functions)
        is_kept, level = choose.random() < 0.5, choose.choice(("read committed", "read committed", "serializable"))
        other = self.place.target if is_kept else self.place.theirs
        given = [self._argument(kind, choose, other) for kind in function["types"]]
        parameters = ", ".join(f"%s::{kind}" for kind in function["types"])
        # as text, since the client would refuse values such as the year 10000 that the server returns
        statement = f"select f::text from (select * from {'.'.join(function['path'])}({parameters})) as f"
        settings = self._settings(choose, other)
        self.tally.calls += 1
        self.tally.called.add(function["name"])
        self.last = self._shown(statement, given, settings, level, is_kept)
        answer, state = self._answer(statement, given, settings, level, is_kept)
        self.tally.outcomes[state] += 1
        if state in _DEFECTS:
            self._fail(f"{_DEFECTS[state]}: {answer}")
        if function["name"] not in FINDS_TENANTS and self._leaks(answer, given, settings):
            self._fail(f"shows data of another tenant: {answer}")
        self._check_locks(function["name"])

    def _answer(
        self, statement: str, given: list[Any], settings: dict[str, str], level: str, is_kept: bool
    ) -> tuple[str, str]:
        """Return the answer as text, and the SQLSTATE."""
        try:
            with self.conn.transaction(force_rollback=not is_kept):
                self.conn.execute(f"set transaction isolation level {level}")
                self.conn.execute(
                    "select set_config(s.name, s.text, true) from unnest(%s::text[], %s::text[]) as s (name, text)",
                    [list(settings), list(settings.values())],
                )
                return str(self.conn.execute(statement, given).fetchall()), "00000"
        except psycopg.Error as error:
            if self.conn.broken:
                self._fail(f"the connection was lost: {error}")
                self.conn = self._connect()
            told = f"{error.diag.message_primary} {error.diag.message_detail} {error.diag.message_hint}"
            return told, error.sqlstate or "08000"

    def _argument(self, kind: str, choose: random.Random, other: Victim) -> Any:
        if choose.random() < 0.1:
            return None
        if kind.endswith("[]"):
            items = [self._argument(kind[:-2], choose, other) for _ in range(choose.choice((0, 1, 2, 30)))]
            return [None if item is None else str(item) for item in items]  # the client dumps no lists of mixed types
        return choose.choice(self._stored(kind, other) if choose.random() < 0.3 else _values(kind))

    def _stored(self, kind: str, other: Victim) -> tuple[Any, ...]:
        """Return values of rows of the own and another tenant, so that calls get as far as possible."""
        rows = [row for victim in (self.place.ours, other) for row in victim.rows.values()]
        texts = sorted({value for row in rows for value in row.values() if isinstance(value, str)})
        if kind == "uuid":
            return tuple(text for text in texts if len(text) == 36 and text.count("-") == 4)
        if kind == "text":
            return tuple(texts)
        if kind == "jsonb":
            return tuple(json.dumps(row) for row in rows)
        return _values(kind)

    def _settings(self, choose: random.Random, other: Victim) -> dict[str, str]:
        tenants = [self.place.ours.tenant_id] * 12 + ["", "x"]
        owners = [victim.rows["core.principal"]["principal_id"] for victim in (self.place.ours, other)]
        found = {"app.tenant_id": choose.choice(tenants)}
        for name, texts in _SETTINGS.items():
            if choose.random() < 0.3:
                found[name] = choose.choice((*texts, *owners) if name == "app.principal_id" else texts)
        return found

    def _leaks(self, answer: str, given: list[Any], settings: dict[str, str]) -> bool:
        known = f"{given} {settings}".lower()
        return any(mark in answer.lower() and mark not in known for mark in self.place.theirs.marks)

    def _check_locks(self, name: str) -> None:
        if name.startswith(_KEEP_A_LOCK):
            self.conn.close()
            self.conn = self._connect()
            return
        held = self.place.operator.execute(
            "select array_agg(format('%%s %%s', l.locktype, l.mode)) from pg_locks as l where l.pid = %s and l.granted",
            [self.conn.info.backend_pid],
        ).fetchone()
        if held and held[0]:
            self._fail(f"leaves locks: {held[0]}")

    def check_rows(self) -> None:
        """Check that the rows of the other tenants are those at the start."""
        after = self._digest()
        if changed := sorted(name for name in self.before if self.before[name] != after[name]):
            self._fail(f"changed rows of another tenant in {', '.join(changed)} (one of the last {_CHECK_EVERY} calls)")

    def _digest(self) -> dict[str, str]:
        """Return a hash of the rows of the other tenants in each table."""
        theirs, target = (
            digest(self.place.operator, self.place.tables, v) for v in (self.place.theirs, self.place.target)
        )
        return {name: theirs[name] + target[name] for name in theirs}

    def _shown(self, statement: str, given: list[Any], settings: dict[str, str], level: str, is_kept: bool) -> str:
        call = psycopg.ClientCursor(self.conn).mogrify(statement, given)
        return f"{call[:_SHOWN]} -- {level}, {'committed' if is_kept else 'rolled back'}, {str(settings)[:_SHOWN]}"

    def _fail(self, problem: str) -> None:
        self.tally.failures.append(f"{self.role}, call {self.tally.calls - 1}: {problem[:_SHOWN]}\n    {self.last}")


def _values(kind: str) -> tuple[Any, ...]:
    if kind == "uuid":
        return (
            "00000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
            "0194d0a0-0000-7000-8000-000000000001",
        )
    return _VALUES[kind]


@contextmanager
def temporary_server() -> Iterator[str]:
    """Deploy to a temporary server, and yield its connection string."""
    folder = open_folder("stanchion-fuzz-")
    server = Embedded(folder / "home", fast=True)
    try:
        with server:
            with psycopg.connect(server.dsn(), autocommit=True) as conn:
                deploy(conn, plan_deploy(conn, discover(ROOT)), lambda step: None)
                make_due_partitions(conn)
            yield server.dsn()
    finally:
        server.purge()
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sql.fuzz", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=1, help="Minutes for all roles together (default: 1).")
    parser.add_argument("--calls", type=int, help="Number of calls of each role, instead of minutes.")
    parser.add_argument("--role", choices=ROLES, action="append", help="Role of the calls (default: every role).")
    parser.add_argument("--seed", type=int, default=0, help="Seed of the calls (default: 0).")
    parser.add_argument("--dsn", help="Deployed database to use (default: a temporary server).")
    options = parser.parse_args()
    roles = options.role or list(ROLES)
    failed = False
    with (
        temporary_server() if options.dsn is None else _given(options.dsn) as dsn,
        psycopg.connect(dsn, autocommit=True) as operator,
        place(operator, dsn) as found,
    ):
        for role in roles:
            until = time.monotonic() + options.minutes * 60 / len(roles)
            tally = fuzz(
                found,
                role,
                options.seed,
                lambda number, until=until: (
                    number < options.calls if options.calls is not None else time.monotonic() < until
                ),
            )
            outcomes = ", ".join(f"{state} {count}" for state, count in tally.outcomes.most_common(12))
            click.echo(f"{role}: {tally.calls} calls of {len(tally.called)} functions ({outcomes})")
            for failure in tally.failures:
                click.echo(f"  {failure}")
            failed = failed or bool(tally.failures)
    return int(failed)


@contextmanager
def _given(dsn: str) -> Iterator[str]:
    yield dsn


if __name__ == "__main__":
    sys.exit(main())

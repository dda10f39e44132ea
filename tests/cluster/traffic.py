"""Applications that use a tenant while its node changes: they claim keys, append events and poll them.

Each application connects to the node that core.home_of() returns, and reads it again after a refusal or a lost
connection. It remembers the answers of the server, so that a test can compare them with the tables.
"""

import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg

from tests.cluster.databases import Distributed
from tests.sessions import Db

APPEND = "select core.append_events('traffic', %s, null, %s::jsonb)"
CLAIM = "select outcome from core.claim_key(%(key)s, %(key)s::text::bytea, '1 hour')"


@dataclass
class Answers:
    """The answers of the servers."""

    keys: list[str] = field(default_factory=list)  # claimed and committed
    unknown: list[str] = field(default_factory=list)  # claimed, and the answer of the commit was lost
    events: list[tuple[str, int]] = field(default_factory=list)  # stream and version of each event
    polled: list[tuple[str, int]] = field(default_factory=list)  # in the order of the polls
    unsure: list[tuple[str, int]] = field(default_factory=list)  # polled, and the answer of the commit was lost
    errors: Counter[str] = field(default_factory=Counter)  # by SQLSTATE


class Application(threading.Thread):
    """Repeats one transaction for a tenant until it is stopped."""

    def __init__(self, database: Distributed, login: str, tenant: str, answers: Answers, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.database, self.login, self.tenant = database, login, tenant
        self.answers, self.stopped = answers, stop
        self.conn: Db | None = None

    def run(self) -> None:
        while not self.stopped.is_set():
            try:
                if self.conn is None or self.conn.closed:
                    self.conn = connect_at_home(self.database, self.tenant, self.login)
                self.work(self.conn)
            except psycopg.Error as e:
                self.answers.errors[e.sqlstate or "connection"] += 1
                if self.conn is not None:
                    self.conn.close()  # the next transaction reads the node again
                time.sleep(0.05)
        if self.conn is not None:
            self.conn.close()

    def work(self, conn: Db) -> None:
        raise NotImplementedError


class Writer(Application):
    """Claims a key and appends an event in each transaction."""

    stream = ""

    def work(self, conn: Db) -> None:
        key = str(uuid.uuid4())
        committing = False
        try:
            with conn.transaction():
                assert conn.execute(CLAIM, {"key": key}).fetchone() == ("claimed",)
                version = conn.execute(APPEND, [self.stream, '[{"type": "made"}]']).fetchone()[0]
                committing = True
            self.answers.keys.append(key)
            self.answers.events.append((self.stream, version))
        except psycopg.Error:
            if committing:
                self.answers.unknown.append(key)
            raise


class Consumer(Application):
    """Polls all events of the tenant."""

    def work(self, conn: Db) -> None:
        found: list[tuple[str, int]] = []
        try:
            with conn.transaction():
                found = conn.execute("select stream_id, version from core.poll_events('consumer', 20)").fetchall()
            self.answers.polled += found
        except psycopg.Error:
            self.answers.unsure += found
            raise
        if not found:
            time.sleep(0.02)


def connect_at_home(database: Distributed, tenant: str, login: str) -> Db:
    """Connect as an application does, which reads the node of its tenant at the coordinator."""
    with database.connect(user=login) as conn:
        host, port = conn.execute("select host, port from core.home_of(%s)", [tenant]).fetchone()
    return psycopg.connect(
        database.dsn(database.coordinator, user=login, host=host, port=str(port), options=f"-c app.tenant_id={tenant}"),
        autocommit=True,
    )


@contextmanager
def traffic(database: Distributed, tenant: str, writers: int = 3) -> Iterator[Answers]:
    """Run applications of a tenant during the body, then let the consumer receive everything."""
    login, answers, stop = database.make_login("stanchion_app"), Answers(), threading.Event()
    applications: list[Application] = [Consumer(database, login, tenant, answers, stop)]
    for number in range(writers):
        writer = Writer(database, login, tenant, answers, stop)
        writer.stream = f"s{number}"
        applications.append(writer)
    for application in applications:
        application.start()
    try:
        yield answers
    finally:
        stop.set()
        for application in applications:
            application.join(60)
    drain(database, tenant, login, answers)


def drain(database: Distributed, tenant: str, login: str, answers: Answers) -> None:
    """Poll until the consumer has received every event."""
    until = time.monotonic() + 30
    with connect_at_home(database, tenant, login) as conn:
        while time.monotonic() < until:
            found = conn.execute("select stream_id, version from core.poll_events('consumer', 1000)").fetchall()
            answers.polled += found
            if not found:
                return
    raise AssertionError("the consumer does not reach the last event")


def check(database: Distributed, tenant: str, answers: Answers, *, killed: bool = False) -> None:
    """Compare the tables with the answers: nothing is lost and nothing is doubled."""
    stored = stored_events(database, tenant, "traffic")
    with database.connect() as conn:
        heads = conn.execute(
            "select stream_id, version from core.event_stream where tenant_id = %s", [tenant]
        ).fetchall()
        claimed = "select encode(fingerprint, 'escape') from core.idempotency_key where tenant_id = %s"
        keys = [key for (key,) in conn.execute(claimed, [tenant])]
    assert len(stored) == len(set(stored))
    assert set(answers.events) <= set(stored)
    assert len(stored) <= len(answers.events) + len(answers.unknown)
    assert Counter(stream for stream, _ in stored) == dict(heads), "a stream has a gap"
    assert len(keys) == len(set(keys))
    assert set(answers.keys) <= set(keys) <= {*answers.keys, *answers.unknown}
    assert reclaimed(database, tenant, answers.keys[:: len(answers.keys) // 50 + 1]) <= {"in_progress"}
    if not killed:
        assert answers.unsure == []
    assert list(polling_faults(stored, answers)) == []


def stored_events(database: Distributed, tenant: str, kind: str) -> list[tuple[str, int]]:
    """Return the stream and the version of each event in the streams of a type."""
    with database.connect() as conn:
        statement = "select stream_id, version from core.event where tenant_id = %s and stream_type = %s"
        return [(stream, version) for stream, version in conn.execute(statement, [tenant, kind])]


def polling_faults(stored: list[tuple[str, int]], answers: Answers) -> Iterator[str]:
    """Yield a sentence when events were never polled, polled twice, or polled in another order than they have."""
    received = Counter(answers.polled)
    if lost := set(stored) - set(received) - set(answers.unsure):
        yield f"{len(lost)} events were never polled, such as {min(lost)}"
    if doubled := [event for event, number in received.items() if number > 1]:
        yield f"{len(doubled)} events were polled twice, such as {min(doubled)}"
    for stream in sorted({name for name, _ in stored}):
        versions = [version for name, version in answers.polled if name == stream]
        if versions != sorted(versions):
            yield f"the events of {stream} were polled out of order"


def reclaimed(database: Distributed, tenant: str, keys: list[str]) -> set[str]:
    """Return the outcomes of claims of keys that were claimed before. Nothing is kept."""
    login = database.make_login("stanchion_app")
    with connect_at_home(database, tenant, login) as conn, conn.transaction(force_rollback=True):
        return {conn.execute(CLAIM, {"key": key}).fetchone()[0] for key in keys}

"""An analyst who uses everything that a login allows stops no load, partition, claim or event of another tenant.

Each attack switches the timeouts of its login off, because an analyst may do that, and begins again whenever its
session is ended. The limits are small, so that the test is short. The bar for each operation is the limit, the time
between two enforcements, and the time that the operation itself needs on a slow machine.
"""

import os
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.types.json import Jsonb

from stanchion.access.analysts import add_analyst, revoke_analyst
from stanchion.ingest.loading.run import load
from stanchion.server.locate import Server
from tests.conftest import PROGRAM, Cluster
from tests.ingest.loading.exports import export, write
from tests.program import call_stanchion
from tests.sessions import Db

LIMIT, EVERY, WORK = 1.0, 0.2, 10.0  # seconds
UNLIMITED = """
    set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; set lock_timeout = 0;
    set default_transaction_read_only = off
"""


def wait_in_transaction(conn: Db) -> None:
    """Keep the transaction open without a statement until the server ends the session."""
    for _ in conn.notifies(timeout=600):
        pass


def hold_back_events(conn: Db) -> None:
    conn.execute("begin; select pg_current_xact_id()")
    wait_in_transaction(conn)


def keep_a_cursor(conn: Db) -> None:
    conn.execute("begin isolation level repeatable read; declare c cursor for select tenant_id from core.tenant")
    conn.execute("fetch 1 from c")
    wait_in_transaction(conn)


def sleep_as_a_listener(conn: Db) -> None:
    conn.execute("listen stanchion_jobs")
    conn.execute("listen stanchion_events")
    conn.execute("select pg_sleep(600)")


def hold_locks(conn: Db) -> None:
    conn.execute("begin; select count(tenant_id) from core.tenant; savepoint a")
    conn.execute("select count(*) from pg_class, pg_attribute, pg_index, pg_proc where pg_sleep(600) is null")


def take_our_locks(conn: Db) -> None:
    for key in (1470743569, 1470743568):
        with suppress(psycopg.errors.InsufficientPrivilege):
            conn.execute("select pg_advisory_lock(%s)", [key])
    conn.execute("select pg_sleep(600)")


ATTACKS = (hold_back_events, keep_a_cursor, sleep_as_a_listener, hold_locks, take_our_locks)


def attack(dsn: str, how: Callable[[Db], None], stop: Event, ended: Counter[str]) -> None:
    while not stop.is_set():
        try:
            with psycopg.connect(dsn, autocommit=True) as conn:
                conn.execute(UNLIMITED)
                how(conn)
        except psycopg.OperationalError as e:
            ended["refused" if "too many connections" in str(e) else how.__name__] += 1


def connect_often(dsn: str, stop: Event, refused: Counter[str]) -> None:
    """Try to take every connection of the server."""
    taken: list[Db] = []
    while not stop.is_set():
        try:
            taken.append(psycopg.connect(dsn))
        except psycopg.OperationalError as e:
            refused["too many" if "too many connections for role" in str(e) else str(e)] += 1
            stop.wait(0.1)


@pytest.mark.slow
def test_other_tenants_go_on_working(
    db: Db, dsn: str, tenants: dict[str, str], login: str, cluster: Cluster, tmp_path: Path
) -> None:
    greedy, crowd = (
        make_conninfo(cluster.dsn(db.info.dbname), user=name, password=add_analyst(db, name, ["ours"]))
        for name in ("greedy", "crowd")
    )
    theirs = make_conninfo(login, options=f"-c app.tenant_id={tenants['theirs']} -c statement_timeout=60s")
    server = Server(dsn, "test", embedded=False, description="test")
    db.execute(
        "update ops.session_limit set transaction_s = %(s)s, idle_s = %(s)s, xid_s = %(s)s, blocking_s = %(s)s "
        "where role_name = 'stanchion_analyst'",
        {"s": LIMIT},
    )
    db.execute("select core.ensure_due_partitions()")
    stop, ended, longest = Event(), Counter[str](), dict.fromkeys(("claim", "event", "load", "partitions"), 0.0)
    enforcing = subprocess.Popen(
        [PROGRAM, "sessions", "enforce", "--every", str(EVERY)],
        env=os.environ | {"DATABASE_URL": dsn},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def timed(name: str, work: Callable[[], None]) -> None:
        began = time.monotonic()
        work()
        longest[name] = max(longest[name], time.monotonic() - began)

    with ThreadPoolExecutor(len(ATTACKS) + 1) as pool, psycopg.connect(theirs, autocommit=True) as app:
        attacks = [pool.submit(attack, greedy, how, stop, ended) for how in ATTACKS]
        attacks.append(pool.submit(connect_often, crowd, stop, ended))

        def claim() -> None:
            app.execute("select core.claim_key(gen_random_uuid()::text, 'a request')")

        def event() -> None:
            events = Jsonb([{"type": "paid", "payload": 1}])
            app.execute("select core.append_events('account', 'a', null, %s)", [events])
            until = time.monotonic() + 60
            while not app.execute("select from core.poll_events('reader')").fetchall():
                assert time.monotonic() < until, "the event did not arrive within a minute"

        def load_game() -> None:
            folder = write(tmp_path / str(rounds), export(18000 + rounds))
            assert load(server, "theirs", (str(folder),)).state == "done"

        def partitions() -> None:
            done = call_stanchion("partitions", "run", "--wait", "0", database_url=dsn)
            assert done.code == 0, done.out + done.err

        rounds, began = 0, time.monotonic()
        try:
            # until every attack was ended twice while the other tenant worked
            while rounds < 3 or min(ended[how.__name__] for how in ATTACKS) < 2 or not ended["too many"]:
                rounds += 1
                for work in (claim, event):
                    timed(work.__name__, work)
                if rounds <= 3:
                    timed("load", load_game)
                    timed("partitions", partitions)
                assert time.monotonic() - began < 120, dict(ended)
                for each in attacks:
                    assert not each.done(), each.result()
        finally:
            stop.set()
            enforcing.terminate()
            enforcing.wait(60)
            for name in ("greedy", "crowd"):
                revoke_analyst(db, name, [])
    for failed in attacks:
        failed.result()
    assert max(longest.values()) < LIMIT + EVERY + WORK, longest
    assert longest["claim"] < WORK, longest

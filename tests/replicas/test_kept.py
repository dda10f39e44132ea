"""Kept answers beside a replica: each has the rows of its version, and none is older than the bound."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from stanchion.server.connection import for_tenant
from stanchion.server.embedded import Embedded
from tests.replicas.conftest import Pair, kill
from tests.serve.cache.conftest import READ, Mart, create_mart, require_seen, status
from tests.serve.web import Web, serving
from tests.server.conftest import postmaster
from tests.sessions import wait_for_waiting

LOGIN, PASSWORD = "kept_replica", "a password of the test"
WAITING = 4711  # the advisory lock for which a read of marts.waiting waits


@pytest.fixture(scope="module")
def mart(pair: Pair) -> Iterator[Mart]:
    with psycopg.connect(pair.primary.dsn(), autocommit=True) as db:
        db.execute(f"create role {LOGIN} login password '{PASSWORD}' in role stanchion_app")
        db.execute("select core.create_tenant('theirs', 'Theirs', 'league')")
        tenants = dict(db.execute("select slug, tenant_id::text from core.tenant").fetchall())
        found = create_mart(db, make_conninfo(pair.primary.dsn(), user=LOGIN, password=PASSWORD), tenants)
        # immutable, so that the view has a version
        db.execute(f"""
            create function marts.wait_with(goals integer) returns integer
            immutable security definer language plpgsql as $$
            begin
                perform pg_advisory_lock_shared({WAITING}), pg_advisory_unlock_shared({WAITING});
                return goals;
            end $$;
            grant execute on function marts.wait_with(integer) to stanchion_app;
            create view marts.waiting with (security_invoker) as
            select name, marts.wait_with(goals) as goals from marts.result;
            grant select on marts.waiting to stanchion_app;
        """)
        db.execute("select core.close_window('marts.waiting', 'loads', 'of the test')")
        yield found


@contextmanager
def served(pair: Pair, mart: Mart, *args: str) -> Iterator[Web]:
    """Serve with a replica that may answer at any delay, and whose answers may be kept."""
    replica = make_conninfo(pair.replica.dsn(), user=LOGIN, password=PASSWORD)
    pair.catch_up()
    with serving(mart.login, "--read-dsn", replica, "--max-lag", "3600", "--metrics", *args) as web:
        yield web


def from_replica(web: Web) -> int:
    """Return the number of connections to the replica that the server has taken from its pool."""
    lines = web.get("/metrics").text.splitlines()
    return sum(int(float(each.split()[-1])) for each in lines if 'pool="replica",number="requests_num"' in each)


def goals(mart: Mart, web: Web) -> int:
    return int(mart.get(web).json()[0]["goals"])


def test_the_replica_answers_and_its_answer_is_kept(pair: Pair, mart: Mart) -> None:
    mart.change(1)
    with served(pair, mart) as web:
        before = from_replica(web)
        found = [mart.get(web) for _ in range(3)]
        assert [status(each) for each in found] == ["fwd=uri-miss", "hit", "hit"]
        assert from_replica(web) > before
    with serving(mart.login) as alone:
        assert mart.get(alone).headers["etag"] == found[0].headers["etag"], "the version of the primary"


def test_rows_from_before_a_build_are_not_kept_under_its_version(pair: Pair, mart: Mart) -> None:
    """The replica replays the build while it reads: the rows are of before, the version after them is the new one."""
    mart.change(1)
    path = "/waiting?select=name,goals"
    with served(pair, mart) as web, psycopg.connect(pair.replica.dsn(), autocommit=True) as replica:
        mart.get(web)
        before = from_replica(web)
        answers: list[Any] = []
        with pair.paused():
            mart.change(2)
            mart.db.execute("select core.close_window('marts.waiting', 'loads', 'of the test')")
            replica.execute("select pg_advisory_lock(%s)", [WAITING])
            reader = threading.Thread(target=lambda: answers.append(mart.get(web, path)))
            reader.start()
            wait_for_waiting(replica, 1)
        pair.catch_up()
        replica.execute("select pg_advisory_unlock(%s)", [WAITING])
        reader.join()
        assert from_replica(web) > before
        for _ in range(3):
            answers.append(mart.get(web, path))
        assert [each.json()[0]["goals"] for each in answers] == [2] * 4
        assert status(answers[-1]) == "hit"
        assert len({each.headers["etag"] for each in answers}) == 1


def test_an_answer_is_no_older_than_the_bound_while_the_replica_is_behind(pair: Pair, mart: Mart) -> None:
    mart.change(1)
    with served(pair, mart) as web:
        with pair.paused():
            for number in range(2, 5):
                assert goals(mart, web) == number - 1
                mart.change(number, is_closed=number % 2 == 0)
                require_seen(mart, web, number)
                assert pair.on_replica("select distinct goals from marts.result") == 1
                assert status(mart.get(web)) == "hit"
        pair.catch_up()
        assert goals(mart, web) == number
        mart.change(5)
        require_seen(mart, web, 5)


def test_no_answer_is_older_than_one_before(pair: Pair, mart: Mart) -> None:
    """Builds follow each other while the replay stops and continues, and clients read all the time."""
    mart.change(0)
    with served(pair, mart) as web:
        done, wrong = threading.Event(), list[Any]()

        def read_all() -> None:
            latest = 0
            while not done.is_set():
                found = goals(mart, web)
                if found < latest:
                    wrong.append((latest, found))
                latest = found

        readers = [threading.Thread(target=read_all) for _ in range(4)]
        for each in readers:
            each.start()
        for number in range(1, 30):
            if number % 3 == 0:
                with pair.paused():
                    mart.change(number)
                    time.sleep(0.05)
            else:
                mart.change(number)
            time.sleep(0.02)
        done.set()
        for each in readers:
            each.join()
        assert wrong == []
        require_seen(mart, web, number)


def test_a_sender_that_has_written_reads_the_primary_past_kept_answers(pair: Pair, mart: Mart) -> None:
    with for_tenant(mart.db, "ours"):
        key = str(mart.db.execute("select core.create_api_key('kept', '{write}')").fetchone()[0])
    path = "/item?select=name&order=name"
    with served(pair, mart, "--cache-seconds", "60") as web:
        for name in ("Cap", "Hat"):
            kept = [web.get(path, X_Api_Key=key) for _ in range(2)]
            assert status(kept[1]) == "hit"
            with pair.paused():
                item = {"name": name, "price": 1, "available": 1}
                position = web.post("/rpc/add_item", item, X_Api_Key=key).headers["stanchion-position"]
                own = web.get(path, X_Api_Key=key, Stanchion_Position=position)
                assert own.json() == [*kept[1].json(), {"name": name}]
                again = web.get(path, X_Api_Key=key)
                assert (again.json(), status(again)) == (own.json(), "hit"), "it took the place of the older answer"
            pair.catch_up()


def test_tenants_share_no_answer_of_a_replica(pair: Pair, mart: Mart) -> None:
    mart.change(1)
    with served(pair, mart) as web:
        for slug in ("ours", "theirs") * 3:
            assert [row["name"] for row in mart.get(web, slug=slug).json()] == [slug]


def test_reads_continue_when_the_replica_is_killed(pair: Pair, mart: Mart) -> None:
    """Every read is answered, with rows no older than the bound, and the replica is used again after its return."""
    mart.change(1)
    with served(pair, mart) as web:
        done, refused, answered = threading.Event(), list[Any](), 0

        def read_all(number: int) -> None:
            nonlocal answered
            while not done.is_set():
                answer = web.get(f"{READ}&goals=gt.-{number}", mart.token(), Cache_Control="no-cache")
                answered += 1
                if answer.status_code != 200:
                    refused.append(answer.text)

        readers = [threading.Thread(target=read_all, args=[number]) for number in range(4)]
        for each in readers:
            each.start()
        while answered < 50:
            time.sleep(0.01)
        kill(pair.replica)
        for number in range(2, 5):
            mart.change(number, is_closed=number % 2 == 0)
            require_seen(mart, web, number)
        before = answered
        while answered < before + 50:
            time.sleep(0.01)
        done.set()
        for each in readers:
            each.join()
        assert refused == []
        pair.replica.close()
        pair.replica.start()
        pair.catch_up()
        before = from_replica(web)
        until = time.monotonic() + 60
        while from_replica(web) < before + 10:  # more than the looks at the replica of this loop
            mart.get(web, Cache_Control="no-cache")
            assert time.monotonic() < until, "the replica is not used again"


def test_reads_continue_while_the_replica_stands_still(pair: Pair, mart: Mart) -> None:
    """Its processes are stopped, so its connections stay open and answer nothing."""
    mart.change(1)
    with served(pair, mart) as web:
        mart.get(web)
        with stopped(pair.replica):
            time.sleep(1.1)  # the next read looks at the replica first
            mart.change(2)
            require_seen(mart, web, 2)
            for _ in range(20):
                assert mart.get(web, Cache_Control="no-cache").json()[0]["goals"] == 2


@contextmanager
def stopped(server: Embedded) -> Iterator[None]:
    parent = postmaster(server)
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    processes = [parent, *map(int, children)]
    for each in processes:
        os.kill(each, signal.SIGSTOP)
    try:
        yield
    finally:
        for each in processes:
            os.kill(each, signal.SIGCONT)

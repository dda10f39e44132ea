"""Whenever a deployer is killed, ledger, snapshot and database agree afterwards, and the next deploy finishes."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from itertools import count
from typing import Any

import psycopg
import pytest

from stanchion.deploy import catalog, script
from stanchion.deploy.modules import Module, read_ledger
from stanchion.deploy.runner import Deployed, deploy, deploy_lock, plan_deploy, plan_revert, revert
from stanchion.deploy.script import ScriptError
from stanchion.errors import StanchionError
from stanchion.partitions.ahead import make_due_partitions
from stanchion.server.connection import value

from .conftest import Checkout, exists, ledger

PATIENCE = 120  # seconds; the server process of a killed deployer may still be at its last statement
OBJECTS = {
    "core/9001_a": "core.kill_a",
    "core/9002_index": "core.kill_index",
    "core/9003_b": "core.kill_b",
    "core/view/kill_view": "core.kill_view",
}
FORK = multiprocessing.get_context("fork")  # a new interpreter for each kill would take most of the time
Work = Callable[..., None]


@pytest.fixture
def kill_modules(checkout: Checkout) -> list[Module]:
    checkout.add(
        "9001_a",
        "create table core.kill_a as select n from generate_series(1, 20000) as n; select pg_sleep(0.05);",
        "select pg_sleep(0.02); drop table core.kill_a;",
    )
    checkout.add(
        "9002_index",
        "-- no-transaction\ncreate index concurrently kill_index on core.kill_a (n);",
        "-- no-transaction\ndrop index concurrently if exists core.kill_index;",
    )
    checkout.add(
        "9003_b",
        "create table core.kill_b (); select pg_sleep(0.05); comment on table core.kill_b is 'b';",
        "drop table core.kill_b; select pg_sleep(0.02);",
    )
    checkout.write(
        "sql/core/topic/kill_view.sql",
        "create view core.kill_view as select n from core.kill_a;\n-- revert: drop view core.kill_view;",
    )
    return checkout.modules()


def deploy_all(dsn: str, modules: list[Module], begin: Callable[[], None] = lambda: None) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn, deploy_lock(conn, PATIENCE, lambda _: None):
        begin()
        deploy(conn, plan_deploy(conn, modules), lambda _: None)


def revert_all(dsn: str, _: list[Module], begin: Callable[[], None] = lambda: None) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn, deploy_lock(conn, PATIENCE, lambda _: None):
        begin()
        revert(conn, ours(conn)[::-1], lambda _: None)


def ours(conn: psycopg.Connection[Any]) -> list[Deployed]:
    plan_revert(conn, to=None, only="core/0001_ledger")  # refuses over drift
    return [row for name, row in read_ledger(conn).items() if name in OBJECTS]


def watch_messages(on_message: Callable[[Callable[[], object]], object]) -> None:
    """Call a function before each message to the server, with a function that sends the message."""
    wait, results = psycopg.Connection.wait, script.results

    def watched_wait(self: Any, generator: Any, *args: Any, **options: Any) -> Any:
        on_message(lambda: next(generator, None))
        return wait(self, generator, *args, **options)

    def watched_results(pgconn: Any, text: str) -> Any:
        on_message(lambda: pgconn.send_query(text.encode()))
        return results(pgconn, text)

    psycopg.Connection.wait, script.results = watched_wait, watched_results  # type: ignore[method-assign]


def run_in_a_process(work: Work, dsn: str, modules: list[Module], begin: Callable[[], None]) -> int | None:
    process = FORK.Process(target=work, args=(dsn, modules, begin))
    process.start()
    process.join()
    return process.exitcode


def kill_at(number: int, during: bool, work: Work, dsn: str, modules: list[Module]) -> None:
    """Kill the deployer before it sends its message of this number, or when it has sent it and has no answer yet."""
    numbers = count(1)

    def on_message(send: Callable[[], object]) -> None:
        if next(numbers) == number:
            if during:
                send()
            os.kill(os.getpid(), signal.SIGKILL)

    assert run_in_a_process(work, dsn, modules, lambda: watch_messages(on_message)) == -signal.SIGKILL


def count_messages(work: Work, dsn: str, modules: list[Module]) -> int:
    messages = FORK.Value("i", 0)

    def on_message(_: object) -> None:
        messages.value += 1

    assert run_in_a_process(work, dsn, modules, lambda: watch_messages(on_message)) == 0
    return messages.value


def check_that_all_agree(conn: psycopg.Connection[Any], told: str) -> None:
    """In the turn of a deployer: the server may be at the last statement of the one that was killed."""
    states = {name: state for name, state in ledger(conn).items() if name in OBJECTS}
    for name, relation in OBJECTS.items():
        if name not in states:
            assert not exists(conn, relation), f"{told}: {relation} is there and {name} is not deployed"
        elif states[name] == "deployed":
            assert exists(conn, relation), f"{told}: {name} is deployed without {relation}"
    running = [name for name, state in states.items() if state == "running"]
    assert running in ([], ["core/9002_index"]), told
    if not running:
        assert catalog.drift(conn) == [], told


def mend(conn: psycopg.Connection[Any], modules: list[Module]) -> bool:
    """Revert a half-way module, as the refusal advises, and return whether there was one."""
    if "running" not in ledger(conn).values():
        return False
    with pytest.raises(StanchionError, match="stanchion revert --only core/9002_index"):
        plan_deploy(conn, modules)
    revert(conn, plan_revert(conn, to=None, only="core/9002_index"), lambda _: None)
    assert catalog.drift(conn) == []
    return True


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kills", [8, pytest.param(100, marks=pytest.mark.exhaustive)])
def test_kills_at_any_instant(kills: int, dsn: str, db: psycopg.Connection[Any], kill_modules: list[Module]) -> None:
    instants = {}
    for work in (deploy_all, revert_all):
        messages = count_messages(work, dsn, kill_modules)
        both = [(number, during) for number in range(1, messages + 1) for during in (False, True)]
        assert len(both) >= 50, "as many instants as there were kills at random times"
        instants[work] = [both[turn * len(both) // kills] for turn in range(kills)] if kills < len(both) else both
    half_way = undone = finished = 0
    turns = max(map(len, instants.values()))
    for turn in range(turns):
        for work, chosen in instants.items():
            number, during = chosen[min(turn, len(chosen) - 1)]
            kill_at(number, during, work, dsn, kill_modules)
            told = f"{work.__name__} killed {'during' if during else 'before'} message {number}"
            with deploy_lock(db, PATIENCE, lambda _: None):
                check_that_all_agree(db, told)
                have = len(ours(db)) if "running" not in ledger(db).values() else None
                undone, finished = undone + (have == 0), finished + (have == len(OBJECTS))
                half_way += mend(db, kill_modules)
            work(dsn, kill_modules)
            assert len(ours(db)) == (len(OBJECTS) if work is deploy_all else 0), told
            check_that_all_agree(db, told)
    assert half_way and undone, "the instants were spread over the whole of it"
    assert half_way + undone + finished < 2 * turns, "some were killed between two modules"


@pytest.mark.slow
def test_a_first_deploy_that_was_killed_is_finished_by_the_next_one(
    empty_dsn: str, db: psycopg.Connection[Any], checkout: Checkout
) -> None:
    modules = checkout.modules()
    found: list[int] = []
    for number in (40, 200, 500):
        kill_at(number, True, deploy_all, empty_dsn, modules)
        with psycopg.connect(empty_dsn, autocommit=True) as conn, deploy_lock(conn, PATIENCE, lambda _: None):
            found.append(len(ledger(conn)))
            assert not catalog.is_recorded(conn)
    assert 0 < found[0] < found[1] < found[2] < len(modules)
    deploy_all(empty_dsn, modules)
    with psycopg.connect(empty_dsn, autocommit=True) as conn:
        assert len(ledger(conn)) == len(modules)
        assert value(conn, "select catalog from core.catalog_record") == catalog.read_catalog(conn)
        make_due_partitions(conn)
        assert catalog.read_catalog(conn) == catalog.read_catalog(db)


@pytest.mark.slow
def test_a_first_deploy_that_fails_records_the_catalog(empty_dsn: str, checkout: Checkout) -> None:
    checkout.add("9001_gauge", "select 1 / 0;", "select 1;")
    with pytest.raises(ScriptError, match="division by zero"):
        deploy_all(empty_dsn, checkout.modules())
    with psycopg.connect(empty_dsn, autocommit=True) as conn:
        assert catalog.is_recorded(conn)
        conn.execute("create view core.gauge as select 1 as n")
        assert any("core.gauge" in line for line in catalog.drift(conn))

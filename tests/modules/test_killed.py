"""Whenever a deployer is killed, ledger, snapshot and database agree afterwards, and the next deploy finishes."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from stanchion.deploy import catalog
from stanchion.deploy.modules import Module, read_ledger
from stanchion.deploy.runner import Deployed, deploy, deploy_lock, plan_deploy, plan_revert, revert
from stanchion.errors import StanchionError

from .conftest import Checkout, exists, ledger

KILLS = 50
OBJECTS = {
    "core/9001_a": "core.kill_a",
    "core/9002_index": "core.kill_index",
    "core/9003_b": "core.kill_b",
    "core/view/kill_view": "core.kill_view",
}
FORK = multiprocessing.get_context("fork")  # a new interpreter for each of 100 kills would take most of the time


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


def deploy_all(dsn: str, modules: list[Module]) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn, deploy_lock(conn, 30, lambda _: None):
        deploy(conn, plan_deploy(conn, modules), lambda _: None)


def revert_all(dsn: str, _: list[Module]) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn, deploy_lock(conn, 30, lambda _: None):
        revert(conn, ours(conn)[::-1], lambda _: None)


def ours(conn: psycopg.Connection[Any]) -> list[Deployed]:
    plan_revert(conn, to=None, only="core/0001_ledger")  # refuses over drift
    return [row for name, row in read_ledger(conn).items() if name in OBJECTS]


def kill_after(seconds: float, work: Callable[[str, list[Module]], None], dsn: str, modules: list[Module]) -> None:
    process = FORK.Process(target=work, args=(dsn, modules))
    process.start()
    time.sleep(seconds)
    process.kill()
    process.join()


def time_of(work: Callable[[str, list[Module]], None], dsn: str, modules: list[Module]) -> float:
    started = time.monotonic()
    process = FORK.Process(target=work, args=(dsn, modules))
    process.start()
    process.join()
    assert process.exitcode == 0
    return time.monotonic() - started


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
@pytest.mark.timeout(240)
def test_kills_at_any_instant(dsn: str, db: psycopg.Connection[Any], kill_modules: list[Module]) -> None:
    instants = random.Random(4)
    deploying, reverting = (time_of(work, dsn, kill_modules) for work in (deploy_all, revert_all))
    half_way = undone = finished = 0
    for number in range(KILLS):
        for work, lasts in ((deploy_all, deploying), (revert_all, reverting)):
            instant = instants.uniform(0, lasts)
            kill_after(instant, work, dsn, kill_modules)
            told = f"{work.__name__} {number} killed after {instant:.3f} s"
            with deploy_lock(db, 30, lambda _: None):
                check_that_all_agree(db, told)
                have = len(ours(db)) if "running" not in ledger(db).values() else None
                undone, finished = undone + (have == 0), finished + (have == len(OBJECTS))
                half_way += mend(db, kill_modules)
            work(dsn, kill_modules)
            assert len(ours(db)) == (len(OBJECTS) if work is deploy_all else 0), told
            check_that_all_agree(db, told)
    assert half_way and undone, "the instants were spread over the whole of it"
    assert half_way + undone + finished < 2 * KILLS, "some were killed between two modules"

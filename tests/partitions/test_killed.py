"""A killed run never loses a partition that is not due, and the next run finishes its work."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import _cursor_base, generators, sql

from stanchion.partitions import ahead, step
from stanchion.partitions import run as partitions
from stanchion.partitions.step import Waits
from tests.sessions import Db

from .conftest import Run, as_owner, day, days, fill, rows_of, wait_for_state

FORK = multiprocessing.get_context("fork")
AFTER = [-5, -4, -3, -2, -1, 0, 1, 2, 3]
KEPT = range(-5, 1)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def run_until_killed(dsn: str, prepare: Callable[[], None]) -> None:
    """Run in another process. `prepare` arranges the kill there."""

    def work() -> None:
        prepare()
        # no prepared statements, so that every statement is sent once
        with psycopg.connect(dsn, autocommit=True, prepare_threshold=None) as conn, partitions.only_run(conn):
            ahead.ensure(conn, lambda step: None, lambda result: None, Waits())
            partitions.expire(conn, lambda step: None, lambda result: None, Waits())

    process = FORK.Process(target=work)
    process.start()
    process.join(120)
    assert process.exitcode in (0, -signal.SIGKILL)


def wait_for_its_server_process(db: Db) -> None:
    """Wait until the server process of a killed run has noticed it and ended."""
    until = time.monotonic() + 60
    lock = "select 1 from pg_locks where locktype = 'advisory' and objid = core.partition_run_lock()::oid"
    while db.execute(lock).fetchone():
        assert time.monotonic() < until, "the killed run still has its lock"
        time.sleep(0.02)


def on_each_statement(call: Callable[[int, str], None]) -> Callable[[], None]:
    """Call a function with the number and the text of each statement before it is sent."""

    def prepare() -> None:
        original, numbers = psycopg.Cursor.execute, count(1)

        def execute(self: Any, statement: Any, *args: Any, **kwargs: Any) -> Any:
            text = statement.as_string(self) if isinstance(statement, sql.Composable) else str(statement)
            call(next(numbers), text)
            return original(self, statement, *args, **kwargs)

        psycopg.Cursor.execute = execute  # type: ignore[method-assign]

    return prepare


def kill_at_text(words: str, during: bool) -> Callable[[], None]:
    """Kill the process at the first statement that contains the words."""
    return _kill_when(lambda _, text: words in text, during)


def kill_at(number: int, during: bool) -> Callable[[], None]:
    """Kill the process before the statement of this number, or when it has been sent to the server."""

    return _kill_when(lambda current, _: current == number, during)


def _kill_when(is_it: Callable[[int, str], bool], during: bool) -> Callable[[], None]:
    def send_and_die(pgconn: Any) -> Iterator[Any]:
        yield from generators.send(pgconn)
        die()

    def kill(current: int, text: str) -> None:
        if is_it(current, text) and during:
            _cursor_base.execute = send_and_die
        elif is_it(current, text):
            die()

    return on_each_statement(kill)


def statements_of_a_run(dsn: str, folder: Path) -> list[str]:
    """Run to the end and return the texts of all statements."""
    with (folder / "statements").open("w+") as file:
        run_until_killed(dsn, on_each_statement(lambda _, text: print(json.dumps(text), file=file, flush=True)))
        file.seek(0)
        return [json.loads(line) for line in file]


def one_of_each_kind(statements: list[str]) -> list[int]:
    """Return the numbers of the first statements that make, attach, detach and drop, and of the last one."""
    kinds = ["core.ensure_partitions", " detach partition ", "core.drop_detached", "core.trim_partition_log"]
    return [next(number for number, text in enumerate(statements, 1) if kind in text) for kind in kinds]


def make_work(db: Db) -> None:
    """Make two partitions to drop, a detached one, and a missing one."""
    fill(db, -8)
    db.execute("select core.ensure_partitions('core.reading', %s, %s)", [day(0), day(2)])
    db.execute(f"drop table if exists parts.core__reading__{day(3):%Y%m%d}")
    db.execute(f"alter table core.reading detach partition parts.core__reading__{day(-7):%Y%m%d}")
    db.execute("delete from core.reading")
    db.execute("insert into core.reading (taken_on) select %s::date + d from generate_series(0, 6) as d", [day(-6)])


@pytest.mark.timeout(280)
@pytest.mark.parametrize(
    "every",
    [False, pytest.param(True, marks=[pytest.mark.slow, pytest.mark.exhaustive])],
    ids=["one of each kind", "all"],
)
@pytest.mark.parametrize(
    "during",
    [
        pytest.param(False, id="before a statement"),
        pytest.param(True, id="during a statement", marks=pytest.mark.long),
    ],
)
def test_kill_at_the_statements_of_a_run(
    during: bool, every: bool, readings: Db, dsn: str, run: Run, tmp_path: Path
) -> None:
    make_work(readings)
    statements = statements_of_a_run(dsn, tmp_path)
    assert list(days(readings)) == AFTER
    half_way, numbers = 0, range(1, len(statements) + 1) if every else one_of_each_kind(statements)
    for number in numbers:
        make_work(readings)
        start = days(readings)
        run_until_killed(dsn, kill_at(number, during))
        wait_for_its_server_process(readings)
        half_way += days(readings) not in (start, dict.fromkeys(AFTER, "attached"))
        assert {each: rows for each, rows in rows_of(readings).items() if each in KEPT} == dict.fromkeys(KEPT, 1)
        result = run("run")
        assert result.code == 0, f"killed at statement {number}: {result}"
        assert days(readings) == dict.fromkeys(AFTER, "attached"), f"killed at statement {number}"
        assert rows_of(readings) == dict.fromkeys(KEPT, 1)
    print(f"\n{len(statements)} statements, {half_way} kills left something half-way")  # noqa: T201 - for pytest -s
    assert len(statements) > 40
    assert half_way > (10 if every else 1)


def test_kill_between_detach_and_drop(readings: Db, dsn: str, run: Run) -> None:
    fill(readings, -6)
    run_until_killed(dsn, lambda: setattr(partitions, "_drop", lambda *_: die()))
    wait_for_its_server_process(readings)
    assert days(readings)[-6] == "detached"
    assert run("run").code == 0
    assert list(days(readings)) == AFTER


def test_kill_before_the_drop_of_a_partition_with_another_name(readings: Db, dsn: str, run: Run) -> None:
    a_day = f"for values from ('{day(-6)}') to ('{day(-5)}')"
    as_owner(readings, f"create table core.reading_p{day(-6):%Y%m%d} partition of core.reading {a_day}")
    run_until_killed(dsn, lambda: setattr(partitions, "_drop", lambda *_: die()))
    wait_for_its_server_process(readings)
    assert days(readings)[-6] == "detached"
    readings.execute("update core.partition_set set days_kept = 30")
    assert "reattached" in run("run").out
    assert days(readings)[-6] == "attached"
    readings.execute("update core.partition_set set days_kept = 5")
    assert run("run").code == 0
    assert -6 not in days(readings)


def test_kill_during_a_detach(readings: Db, dsn: str, run: Run) -> None:
    fill(readings, -7)
    with psycopg.connect(dsn) as reader:
        reader.execute("select from core.reading")

        def work() -> None:
            step._wait_for_transactions = lambda *_: None  # as if the reader began just after the wait
            with psycopg.connect(dsn, autocommit=True) as conn, partitions.only_run(conn):
                partitions.expire(conn, lambda step: None, lambda result: None, Waits())

        process = FORK.Process(target=work)
        process.start()
        wait_for_state(readings, -7, "detaching")
        process.kill()
        process.join()
        wait_for_its_server_process(readings)  # it ends although the reader is still open
        assert days(readings)[-7] == "detaching"
    assert run("run").code == 0
    assert list(days(readings)) == AFTER
    assert rows_of(readings) == dict.fromkeys(KEPT, 1)

"""Limits count exactly with concurrent callers."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from tests.sessions import at_once


def answers_of(dsn: str, sessions: int, calls: int, tenant: str, statement: str) -> list[Any]:
    """Run a statement in many sessions at the same time, several times in each, and return all results."""
    login = make_conninfo(dsn, options=f"-c app.tenant_id={tenant}")
    work = [lambda conn: [conn.execute(statement).fetchone()[0] for _ in range(calls)]] * sessions
    return [answer for answers in at_once(login, work) for answer in answers]


def test_rate_limit_of_20_passes_20_of_100_calls(tenants: dict[str, str], make_login: Callable[..., str]) -> None:
    login = make_login("stanchion_app")
    answers = answers_of(
        login, 25, 4, tenants["ours"], "select allowed from core.rate_limit_take('search', 20, '1 hour')"
    )
    assert sorted(answers) == [False] * 80 + [True] * 20


def test_cooldown_starts_for_one_of_several_callers(tenants: dict[str, str], make_login: Callable[..., str]) -> None:
    login = make_login("stanchion_app")
    for round_ in range(20):
        answers = answers_of(login, 8, 1, tenants["ours"], f"select core.cooldown_start('wipe {round_}', '60 s')")
        assert sum(answers) == 1


def test_cooldown_that_ended_during_a_wait_is_free(tenants: dict[str, str], make_login: Callable[..., str]) -> None:
    """A caller waits for another one for longer than the window, and the clock is read again after the wait."""
    login = make_conninfo(make_login("stanchion_app"), options=f"-c app.tenant_id={tenants['ours']}")
    start = "select core.cooldown_start('wipe', '300 ms')"
    with psycopg.connect(login) as first, psycopg.connect(login, autocommit=True) as second:
        assert first.execute(start).fetchone() == (True,)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(lambda: second.execute(start).fetchone())
            time.sleep(0.6)
            first.commit()
            assert waiting.result() == (True,)
        assert second.execute(start).fetchone() == (False,)


def test_crash_resets_rate_limits_and_keeps_cooldowns(db: psycopg.Connection[Any]) -> None:
    kept = dict(
        db.execute(
            "select relname::text, relpersistence::text from pg_class "
            "where oid in ('core.rate_bucket'::regclass, 'core.cooldown'::regclass)"
        ).fetchall()
    )
    assert kept == {"rate_bucket": "u", "cooldown": "p"}

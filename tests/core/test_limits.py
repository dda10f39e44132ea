"""A limit counts exactly, however many ask at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import psycopg


def at_once(dsn: str, sessions: int, calls: int, tenant: str, statement: str) -> list[Any]:
    """The answers to a call made by many sessions at the same instant, each several times."""
    together = Barrier(sessions)

    def session(_: int) -> list[Any]:
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute("select set_config('app.tenant_id', %s, false)", [tenant])
            together.wait()
            return [conn.execute(statement).fetchone()[0] for _ in range(calls)]

    with ThreadPoolExecutor(sessions) as pool:
        return [answer for answers in pool.map(session, range(sessions)) for answer in answers]


def test_a_hundred_calls_pass_a_limit_of_twenty_exactly_twenty_times(
    tenants: dict[str, str], make_login: Callable[..., str]
) -> None:
    login = make_login("stanchion_app")
    answers = at_once(login, 25, 4, tenants["ours"], "select allowed from core.take('search', 20, '1 hour')")
    assert sorted(answers) == [False] * 80 + [True] * 20


def test_two_callers_of_a_cooldown_are_one_activation(tenants: dict[str, str], make_login: Callable[..., str]) -> None:
    login = make_login("stanchion_app")
    for round_ in range(20):
        answers = at_once(login, 8, 1, tenants["ours"], f"select core.cooldown_take('wipe {round_}', '60 s')")
        assert sum(answers) == 1


def test_a_crash_forgets_limits_but_no_cooldown(db: psycopg.Connection[Any]) -> None:
    kept = dict(
        db.execute(
            "select relname::text, relpersistence::text from pg_class "
            "where oid in ('core.rate_bucket'::regclass, 'core.cooldown'::regclass)"
        ).fetchall()
    )
    assert kept == {"rate_bucket": "u", "cooldown": "p"}

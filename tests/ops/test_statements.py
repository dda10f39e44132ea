"""Slow statements are alerts where pg_stat_statements is loaded."""

from collections.abc import Callable
from typing import Any

from tests.sessions import Db


def test_slow_statements_are_alerts(db: Db, call: Callable[..., Any]) -> None:
    if db.execute("select current_setting('pg_stat_statements.max', true) is null").fetchone() == (True,):
        assert db.execute("select count(*) from ops.slow_queries").fetchone() == (0,)
        return  # the binaries of Postgres 16 do not have the library
    # the library is loaded, but the extension does not exist yet
    assert db.execute("select count(*) from ops.slow_queries").fetchone() == (0,)
    db.execute("create schema elsewhere; create extension pg_stat_statements schema elsewhere")
    for _ in range(100):
        db.execute("select pg_sleep(0.002), 'the slow one'")
    slow = "select calls, mean_ms > 2, percent_of_time > 0 from ops.slow_queries where query ~ 'pg_sleep'"
    assert db.execute(slow).fetchone() == (100, True, True)
    alerts = "select count(*) from ops.alert where name = 'slow_queries'"
    assert db.execute(alerts).fetchone() == (0,)
    db.execute("update ops.threshold set threshold = 1 where name in ('slow_queries', 'response_time')")
    assert db.execute(alerts).fetchone() == (1,)
    strict = call("doctor", "--strict")
    assert strict.code == 1
    assert "A statement with 100 calls takes" in strict.out

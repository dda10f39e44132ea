"""Pipelines end with a Sync, also when its answer is late, and connections that the server closed are not used."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from stanchion.serve.pipelines import PipelinedConnection
from tests.serve.cache.conftest import end_sessions
from tests.serve.web import serving
from tests.sessions import Db


def sent(dsn: str, kind: type[psycopg.AsyncConnection[Any]], file: Path, *statements: str) -> list[str]:
    """Return the kinds of the messages that a connection sends for a pipeline."""

    async def send() -> None:
        with file.open("wb") as out:
            async with await kind.connect(dsn, autocommit=True, prepare_threshold=None) as conn:
                conn.pgconn.trace(out.fileno())
                try:
                    async with conn.pipeline():
                        cursors = [await conn.execute(statement) for statement in statements]
                    assert [await each.fetchone() for each in cursors] == [("",)] * len(statements)
                finally:
                    conn.pgconn.untrace()
                assert await (await conn.execute("select 1")).fetchone() == (1,)

    asyncio.run(send())
    lines = [line.split("\t") for line in file.read_text().splitlines()]
    return [fields[3] for fields in lines if len(fields) > 3 and fields[1] == "F"]


def test_nothing_follows_the_sync(make_login: Callable[..., str], tmp_path: Path) -> None:
    """A pooler would give a session to what follows, and wait for another Sync to take it back."""
    dsn, slow = make_login("stanchion_app"), "select pg_sleep(0.2)::text"
    assert sent(dsn, psycopg.AsyncConnection, tmp_path / "plain", slow)[-1] == "Flush", "the case does not occur"
    assert sent(dsn, PipelinedConnection, tmp_path / "ours", slow, slow)[-1] == "Sync"


def test_an_error_ends_the_pipeline_and_leaves_the_connection_usable(make_login: Callable[..., str]) -> None:
    async def fail() -> tuple[Any, ...] | None:
        async with await PipelinedConnection.connect(make_login("stanchion_app"), autocommit=True) as conn:
            with pytest.raises(psycopg.errors.DivisionByZero):
                async with conn.pipeline():
                    await conn.execute("begin")
                    await conn.execute("select pg_sleep(0.1)")
                    await conn.execute("select 1 / 0")
                    await conn.execute("select 2")
            await conn.execute("rollback")
            return await (await conn.execute("select 3")).fetchone()

    assert asyncio.run(fail()) == (3,)


def test_a_connection_that_the_server_closed_is_replaced(make_login: Callable[..., str], db: Db) -> None:
    """As after a failover: the request would fail, although the database answers again."""
    with serving(make_login("stanchion_app"), "--connections", "4") as web:
        assert web.get("/readyz").status_code == 200
        while not end_sessions(db, "application_name = 'stanchion serve'"):
            time.sleep(0.01)
        while db.execute("select from pg_stat_activity where application_name = 'stanchion serve'").fetchone():
            time.sleep(0.01)
        assert [web.get("/readyz").status_code for _ in range(8)] == [200] * 8

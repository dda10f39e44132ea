"""Pipelines end with a Sync, also when its answer is late."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from stanchion.serve.pipelines import PipelinedConnection


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

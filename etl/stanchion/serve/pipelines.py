"""Connections whose pipelines a pooler in transaction mode can serve."""

from __future__ import annotations

import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import psycopg
from psycopg import AsyncConnection, AsyncPipeline
from psycopg.abc import PQGen


class PipelinedConnection(AsyncConnection[Any]):
    """A connection that sends nothing after the Sync of a pipeline.

    psycopg sends a Flush if the answer to the Sync has not arrived. When the answer overtakes it, the pooler takes the
    Flush for the start of a transaction, and keeps its session for this connection until the next one.
    """

    @asynccontextmanager
    async def pipeline(self) -> AsyncIterator[AsyncPipeline]:
        async with super().pipeline() as pipeline:
            pipeline._exit_gen = partial(_end, pipeline)  # type: ignore[method-assign]
            yield pipeline


def _end(pipeline: AsyncPipeline) -> PQGen[None]:
    """Do what psycopg does at the end of a pipeline, but for the Flush."""
    try:
        pipeline._enqueue_sync()
        yield from pipeline._communicate_gen()
    finally:
        yield from pipeline._fetch_gen(flush=False)


def was_closed(conn: AsyncConnection[Any]) -> bool:
    """Return whether the server has closed an idle connection. The system knows this without asking the server."""
    waiting = select.poll()
    waiting.register(conn.pgconn.socket, select.POLLIN)
    try:
        while not conn.closed and waiting.poll(0):  # the reason first, and then the end
            conn.pgconn.consume_input()
    except psycopg.OperationalError:
        return True
    return conn.closed

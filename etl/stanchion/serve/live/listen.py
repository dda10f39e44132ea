"""The one connection of a process that listens to notifications."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.conninfo import make_conninfo

_log = logging.getLogger("stanchion.serve")
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0  # seconds between attempts to connect
# A connection whose other end has vanished is noticed by these probes, as nothing is sent on it.
_KEEPALIVE = {"keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3"}


class Listener:
    """Calls `heard` with the channel of each notification, and after each connect with every channel.

    A notification that is sent while the connection is down is lost. So each connect counts as one.
    """

    def __init__(self, dsn: str, channels: tuple[str, ...], heard: Callable[[str], None]) -> None:
        self._dsn, self._channels, self._heard = dsn, channels, heard
        self.is_pooled = False  # then no notification arrives
        self.connects = 0
        self.notices = 0

    async def run(self) -> None:
        """Listen, and connect again when the connection is lost, until the task is cancelled."""
        pause = _FIRST_PAUSE
        while True:
            try:
                async with await AsyncConnection.connect(
                    make_conninfo(self._dsn, application_name="stanchion serve live", **_KEEPALIVE), autocommit=True
                ) as conn:
                    row = await (await conn.execute("select pg_backend_pid()")).fetchone()
                    self.is_pooled = row is None or row[0] != conn.info.backend_pid
                    # a session of a pooler would send the notifications to every client that it serves later
                    for channel in self._channels if not self.is_pooled else ():
                        await conn.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
                    self.connects += 1
                    pause = _FIRST_PAUSE
                    for channel in self._channels:
                        self._heard(channel)
                    await self._until_lost(conn)
            except psycopg.OperationalError as e:
                _log.warning("live streams connect to the database again: %s", str(e).partition("\n")[0])
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _until_lost(self, conn: AsyncConnection[tuple[Any, ...]]) -> None:
        """Read what arrives. The connection runs no statement, so that this is its only reader."""
        loop, readable = asyncio.get_running_loop(), asyncio.Event()
        socket = conn.fileno()
        loop.add_reader(socket, readable.set)
        try:
            while True:
                await readable.wait()
                readable.clear()
                conn.pgconn.consume_input()
                while (notice := conn.pgconn.notifies()) is not None:
                    self.notices += 1
                    self._heard(notice.relname.decode())
                if conn.pgconn.status != psycopg.pq.ConnStatus.OK:
                    raise psycopg.OperationalError("the server closed the connection")
        finally:
            loop.remove_reader(socket)

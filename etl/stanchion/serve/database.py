"""Transactions of one tenant, on the primary or on a replica.

Nothing is kept in a session, so a pooler in transaction mode may be between: no statement is prepared, and every
setting ends with its transaction.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, LiteralString, TypeVar
from uuid import UUID

import psycopg
from psycopg import AsyncConnection, AsyncCursor
from psycopg.errors import QueryCanceled
from psycopg.sql import SQL, Composed
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from stanchion.paths import query
from stanchion.serve.pipelines import PipelinedConnection, was_closed
from stanchion.serve.problems import Problem
from stanchion.serve.replica import Guard
from stanchion.serve.settings import Settings
from stanchion.serve.who.principal import Principal

T = TypeVar("T")
Conn = AsyncConnection[Any]
Statement = LiteralString | SQL | Composed
_REPLICA_SECONDS = 1.0  # longest wait for a connection to the replica; then the primary answers
INVALID_KEY = "the API key is not valid"

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
written_at: ContextVar[int | None] = ContextVar("written_at", default=None)  # of an earlier call of the sender


def named(name: str) -> LiteralString:
    """Return a query of serve/queries.sql."""
    return query("serve", name)


async def act_for(conn: Conn, tenant: UUID) -> None:
    """Set the tenant until the end of the transaction."""
    await conn.execute("select core.set_local('app.tenant_id', %s)", [str(tenant)])


class Database:
    """The pools of connections to the primary and to the replica."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.primary = self._pool(settings.dsn)
        self.replica = self._pool(settings.read_dsn) if settings.read_dsn else None
        self._guard = Guard(self.primary, self.replica, settings.max_lag) if self.replica is not None else None

    def _pool(self, dsn: str) -> AsyncConnectionPool[Conn]:
        return AsyncConnectionPool(
            dsn,
            connection_class=PipelinedConnection,
            open=False,
            min_size=min(2, self.settings.connections),
            max_size=self.settings.connections,
            timeout=self.settings.wait_seconds,
            kwargs={
                "autocommit": True,
                "prepare_threshold": None,
                "application_name": "stanchion serve",
                "client_encoding": "utf8",
            },
        )

    async def open(self) -> None:
        for pool in self._pools():
            await pool.open()

    async def close(self) -> None:
        for pool in self._pools():
            await pool.close()

    def _pools(self) -> list[AsyncConnectionPool[Conn]]:
        return [pool for pool in (self.primary, self.replica) if pool is not None]

    def statistics(self) -> dict[str, dict[str, int]]:
        """Return numbers of each pool, such as the connections that wait and the requests that wait for one."""
        named_pools = {"primary": self.primary} | ({"replica": self.replica} if self.replica is not None else {})
        return {name: dict(pool.get_stats()) for name, pool in named_pools.items()}

    @asynccontextmanager
    async def connection(self, *, replica: bool = False) -> AsyncIterator[Conn]:
        """Yield a connection of a pool, or raise a problem when none is free in time."""
        pool = self.replica if replica and self.replica is not None else self.primary
        try:
            conn = await _open_connection(pool, _REPLICA_SECONDS if pool is self.replica else None)
        except PoolTimeout:
            raise Problem(
                503, "no connection to the database is free; try again", headers={"Retry-After": "1"}
            ) from None
        try:
            yield conn
        finally:
            await pool.putconn(conn)

    async def from_replica(self, read: Callable[[bool], Awaitable[T]]) -> T:
        """Return what `read` returns: with True from the replica, or with False if that may not answer, or fails."""
        if self._guard is not None and await self._guard.allows(written_at.get()):
            try:
                return await read(True)
            except (psycopg.OperationalError, Problem) as e:
                if isinstance(e, QueryCanceled) or (isinstance(e, Problem) and e.status != 503):
                    raise
                self._guard.refuse()
        return await read(False)

    @asynccontextmanager
    async def transaction(
        self, principal: Principal, *, write: bool = False, replica: bool = False
    ) -> AsyncIterator[Conn]:
        """Yield a connection in one transaction of stanchion_app, with the tenant and the person of the principal.

        An API key is checked again in this transaction, so that a revoked one neither reads nor writes.
        """
        context, values = self._context(principal)
        async with self.connection(replica=replica and not write) as conn:
            try:
                async with conn.pipeline():
                    await conn.execute("begin" if write else "begin read only")
                    cursor = await conn.execute(context, values)
                _require_key(principal, await cursor.fetchone())
                yield conn
                await conn.execute("commit")
            except BaseException:
                await _roll_back(conn)
                raise

    async def read(
        self, principal: Principal, *statements: tuple[Statement, Any], replica: bool = False
    ) -> list[AsyncCursor[Any]]:
        """Run statements in one transaction that reads, in one round trip, and return their cursors."""
        context, values = self._context(principal)
        async with self.connection(replica=replica) as conn:
            try:
                async with conn.pipeline():
                    await conn.execute("begin read only")
                    first = await conn.execute(context, values)
                    cursors = [await conn.execute(statement, given) for statement, given in statements]
                    await conn.execute("commit")
                _require_key(principal, await first.fetchone())
            except BaseException:
                await _roll_back(conn)
                raise
            return cursors

    async def position(self) -> str | None:
        """Return the position in the log that contains what was written so far, for the next read of a sender."""
        if self.replica is None and not self.settings.cache_seconds:
            return None
        async with self.connection() as conn:
            row = await (await conn.execute(named("written"))).fetchone()
        return str(row[0]) if row else None

    @asynccontextmanager
    async def as_nobody(self) -> AsyncIterator[Conn]:
        """Yield a connection in a transaction of stanchion_app without a tenant, to find out who sends a request."""
        async with self.connection() as conn:
            try:
                async with conn.pipeline():
                    await conn.execute("begin read only")
                    await conn.execute("set local role stanchion_app")
                yield conn
                await conn.execute("commit")
            except BaseException:
                await _roll_back(conn)
                raise

    async def ask(self, *statements: tuple[Statement, Any]) -> list[AsyncCursor[Any]]:
        """Run statements as `as_nobody` does, in one round trip, and return their cursors."""
        async with self.connection() as conn:
            try:
                async with conn.pipeline():
                    await conn.execute("begin read only")
                    await conn.execute("set local role stanchion_app")
                    cursors = [await conn.execute(statement, given) for statement, given in statements]
                    await conn.execute("commit")
            except BaseException:
                await _roll_back(conn)
                raise
            return cursors

    def _context(self, principal: Principal) -> tuple[LiteralString, dict[str, Any]]:
        values: dict[str, Any] = {
            "timeout": f"{self.settings.statement_seconds * 1000:.0f}ms",
            "request": request_id.get(),
        }
        if principal.key is not None:
            return named("set_context_of_key"), values | {"key": principal.key}
        return named("set_context"), values | {
            "tenant": str(principal.tenant_id),
            "principal": str(principal.principal_id) if principal.principal_id is not None else None,
            "email": principal.email,
        }


def _require_key(principal: Principal, row: Any) -> None:
    if principal.key is not None and (row is None or row[2] != principal.tenant_id):
        raise Problem(401, INVALID_KEY)


async def _open_connection(pool: AsyncConnectionPool[Conn], timeout: float | None) -> Conn:
    """Return a connection of the pool. Those that the server has closed since their last use are left out."""
    while True:
        conn = await pool.getconn(timeout)
        if not was_closed(conn):
            return conn
        await pool.putconn(conn)  # which replaces it


async def _roll_back(conn: Conn) -> None:
    if conn.closed:
        return
    try:
        await conn.execute("rollback")
    except psycopg.Error:
        await conn.close()

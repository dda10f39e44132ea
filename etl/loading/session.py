"""A session that loads for one tenant, as the loader and under its policies, whoever connected."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import psycopg

from etl.database import Connection, acting_for, connect, find_tenant, require_deployed, value
from etl.errors import StanchionError
from etl.server import Server

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass
class Session:
    """Every transaction of it is for the tenant, and ends with it."""

    conn: Connection
    tenant_id: UUID

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        with acting_for(self.conn, self.tenant_id):
            yield self.conn

    def begin_load(self, kind: str, source: str) -> int:
        with self.transaction() as conn:
            return int(value(conn, "select landing.begin_load(%s, %s)", [kind, source]))

    def join_load(self, load_id: int) -> None:
        with self.transaction() as conn:
            conn.execute("select landing.join_load(%s)", [load_id])

    def shrink_percent(self) -> Decimal:
        """How much of its events a newer revision of the tenant may lose."""
        with self.transaction() as conn:
            return Decimal(
                value(
                    conn,
                    "select e.settings ->> 'shrink_percent' from core.config_effective as e "
                    "where e.tenant_id = %s and e.module = 'contest' and e.valid_to = 'infinity'",
                    [self.tenant_id],
                )
            )

    def periods(self) -> int:
        with self.transaction() as conn:
            return int(value(conn, "select r.periods from contest.rules as r where r.valid_to = 'infinity'"))


def be_loader(conn: Connection, tenant: str) -> Session:
    """Work as the loader for a tenant, by its slug, or by its id for a login that sees no other tenant."""
    require_deployed(conn)
    tenant_id = UUID(tenant) if _UUID.fullmatch(tenant) else None
    if tenant_id is None:
        try:
            tenant_id = find_tenant(conn, tenant)
        except StanchionError:
            if value(conn, "select pg_has_role('stanchion_owner', 'member')"):
                raise
            raise StanchionError(
                f"This login does not see which tenant '{tenant}' is; say its id, which stanchion tenant list shows."
            ) from None
    try:
        conn.execute("set role stanchion_loader")
    except psycopg.errors.InsufficientPrivilege:
        raise StanchionError(
            "This login may not load: connect as the loader's, made with: stanchion login add NAME --as loader"
        ) from None
    # whoever waits for a game waits for one transaction of another loader
    conn.execute("set lock_timeout = '1min'; set statement_timeout = '10min'")
    session = Session(conn, tenant_id)
    with session.transaction():
        if not value(conn, "select exists (select from core.tenant where tenant_id = %s)", [tenant_id]):
            raise StanchionError(f"There is no tenant {tenant_id}.")
    return session


@contextmanager
def open_session(server: Server, tenant: str) -> Iterator[Session]:
    with connect(server) as conn:
        yield be_loader(conn, tenant)

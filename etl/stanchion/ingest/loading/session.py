"""A session that loads for one tenant, as the loader and under its policies, whoever connected."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import msgspec
import psycopg

from stanchion.errors import StanchionError
from stanchion.ingest.reading.league import League, Rulebook
from stanchion.paths import query
from stanchion.server.connection import Connection, acting_for, connect, find_tenant, require_deployed, value
from stanchion.server.locate import Server

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True)
class Settings:
    """What a tenant has set about loading."""

    shrink_percent: Decimal  # how much of its events a newer revision may lose
    ahead_of_utc: timedelta  # the league's clock: on which day an export was
    rules: Rulebook  # what the league says itself about periods and their lengths


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

    def settings(self) -> Settings:
        with self.transaction() as conn:
            said = value(
                conn,
                "select e.settings from core.config_effective as e "
                "where e.tenant_id = %s and e.module = 'contest' and e.valid_to = 'infinity'",
                [self.tenant_id],
            )
            changes = conn.execute(query("ingest/loading", "rules"), {"tenant": self.tenant_id}).fetchall()
        return Settings(
            shrink_percent=Decimal(str(said["shrink_percent"])),
            ahead_of_utc=timedelta(hours=said["hours_ahead_of_utc"]),
            rules=Rulebook((since, msgspec.convert(rules, League)) for since, rules in changes),
        )


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

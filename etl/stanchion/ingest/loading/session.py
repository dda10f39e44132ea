"""A database session that loads for one tenant: it acts as stanchion_loader, under the policies of that role."""

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

from stanchion.cluster.home import at_coordinator, at_home, server_of
from stanchion.errors import StanchionError
from stanchion.ingest.reading.league import LeagueRules, Rulebook
from stanchion.paths import query
from stanchion.server.connection import Connection, acting_for, connect, find_tenant, require_deployed, value
from stanchion.server.locate import Server

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True)
class Settings:
    """Settings of a tenant that loading depends on."""

    shrink_percent: Decimal  # percentage of events that a newer revision may lose
    ahead_of_utc: timedelta  # offset of the clock of the league, which turns the time of an export into a date
    rules: Rulebook  # periods and their lengths as the league has set them, by date
    sources: tuple[str, ...] = ()  # of a game that has several, the first is published; see decide.py


@dataclass
class Session:
    """A connection whose transactions each act for one tenant."""

    conn: Connection
    tenant_id: UUID
    tenant: str  # slug or id as given with --tenant; commands in messages repeat it

    @property
    def server(self) -> Server:
        """The server of the session: on a cluster, the node of the tenant."""
        return server_of(self.conn)

    @contextmanager
    def creating_tables(self) -> Iterator[Connection]:
        """Yield a connection that may create partitions: on a cluster, one to the coordinator."""
        with at_coordinator(self.conn) as conn:
            if conn is not self.conn:
                become_loader(conn)
            yield conn

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        with acting_for(self.conn, self.tenant_id):
            yield self.conn

    def begin_load(self, kind: str, source: str) -> int:
        """Insert a running load and return its id."""
        with self.transaction() as conn:
            return int(value(conn, "select landing.begin_load(%s, %s)", [kind, source]))

    def join_load(self, load_id: int) -> None:
        """Lock a running load for this session too, so that it is not reaped while the session works on it."""
        with self.transaction() as conn:
            conn.execute("select landing.join_load(%s)", [load_id])

    def settings(self) -> Settings:
        with self.transaction() as conn:
            effective = value(
                conn,
                "select e.settings from core.config_effective as e "
                "where e.tenant_id = %s and e.namespace = 'contest' and e.valid_to = 'infinity'",
                [self.tenant_id],
            )
            changes = conn.execute(query("ingest/loading", "league_rules"), {"tenant": self.tenant_id}).fetchall()
        return Settings(
            shrink_percent=Decimal(str(effective["shrink_percent"])),
            ahead_of_utc=timedelta(hours=effective["hours_ahead_of_utc"]),
            sources=tuple(map(str, effective["source_order"])),
            rules=Rulebook((since, msgspec.convert(rules, LeagueRules)) for since, rules in changes),
        )


def tenant_to_load(conn: Connection, tenant: str) -> UUID:
    """Return the id of a tenant, given by slug or id. A login that cannot list tenants must use the id."""
    require_deployed(conn)
    if _UUID.fullmatch(tenant):
        return UUID(tenant)
    try:
        return find_tenant(conn, tenant)
    except StanchionError:
        if value(conn, "select pg_has_role('stanchion_owner', 'member')"):
            raise
        raise StanchionError(
            f"This login cannot look up the tenant '{tenant}'; use its id, which stanchion tenant list prints."
        ) from None


def become_loader(conn: Connection) -> None:
    """Set the role and the timeouts of a session that loads."""
    try:
        conn.execute("set role stanchion_loader")
    except psycopg.errors.InsufficientPrivilege:
        raise StanchionError(
            f"{conn.info.user} may not load; create a login that may with: stanchion login add NAME --as loader"
        ) from None
    # a game is locked for one transaction of another loader process, so a minute is enough
    conn.execute("set lock_timeout = '1min'; set statement_timeout = '10min'")


def act_as_loader(conn: Connection, tenant: str) -> Session:
    """Act as stanchion_loader for a tenant, given by slug or id, through a connection to its node."""
    tenant_id = tenant_to_load(conn, tenant)
    become_loader(conn)
    session = Session(conn, tenant_id, tenant)
    with session.transaction():
        if not value(conn, "select exists (select from core.tenant where tenant_id = %s)", [tenant_id]):
            raise StanchionError(f"Tenant {tenant_id} does not exist; stanchion tenant list prints all tenants.")
    return session


@contextmanager
def open_session(server: Server, tenant: str) -> Iterator[Session]:
    """Connect to the node of a tenant and act as stanchion_loader for it."""
    with connect(server) as conn, at_home(conn, tenant_to_load(conn, tenant)) as home:
        yield act_as_loader(home, tenant)

"""Rebuild the tables of a competition from its events, and compare the result with the stored rows."""

from dataclasses import dataclass
from typing import Any

import psycopg

from stanchion.cluster.home import at_home, for_tenant_at_home
from stanchion.errors import StanchionError
from stanchion.server.connection import Connection, acting_for, find_tenant, value


@dataclass(frozen=True)
class Difference:
    """A row that differs between the tables and the rebuilt state. None: the row is missing there."""

    relation: str
    key: str
    stored: dict[str, Any] | None
    replayed: dict[str, Any] | None

    def __str__(self) -> str:
        row = f"{self.relation} {self.key}"
        if self.stored is None or self.replayed is None:
            return f"{row}: {'missing from' if self.stored is None else 'only in'} the tables"
        names = [name for name, value in self.replayed.items() if self.stored.get(name) != value]
        return f"{row}: " + ", ".join(f"{name} is {self.stored.get(name)}, not {self.replayed[name]}" for name in names)


@dataclass(frozen=True)
class Replayed:
    """The result of a replay: the number of rows of the competition, and the rows that differ."""

    competition: str
    rows: int
    differences: list[Difference]


def competitions(conn: Connection, tenant: str) -> list[str]:
    """Return the keys of all competitions of a tenant."""
    with for_tenant_at_home(conn, tenant) as acting:
        statement = "select competition_key from contest.competition where tenant_id = %s order by 1"
        return [key for (key,) in acting.conn.execute(statement, [acting.tenant_id])]


def replay(conn: Connection, tenant: str, competition: str, *, repair: bool = False) -> Replayed:
    """Rebuild a competition from its events, and compare. Only `repair` keeps the rebuilt rows; otherwise roll back."""
    tenant_id = find_tenant(conn, tenant)
    with at_home(conn, tenant_id) as home, home.transaction() as transaction, acting_for(home, tenant_id):
        try:
            found = home.execute("select relation, key, stored, replayed from contest.replay(%s)", [competition])
        except psycopg.errors.NoDataFound:
            raise StanchionError(f"{tenant} has no competition '{competition}'.") from None
        differences = [Difference(*row) for row in found.fetchall()]
        rows = int(value(home, "select count(*) from contest.projected_rows(%s)", [competition]))
        outcome = Replayed(competition, rows, differences)
        if not (repair and differences):
            raise psycopg.Rollback(transaction)
    return outcome

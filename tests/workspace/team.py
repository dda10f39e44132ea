"""Helpers for a team with thousands of members, and for counting the pages that statements read."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.sessions import Db


@contextmanager
def acting(db: Db, tenant: str) -> Iterator[None]:
    with db.transaction():
        db.execute("select set_config('app.tenant_id', %s, true)", [tenant])
        yield


def add_members(db: Db, tenant: str, count: int) -> list[str]:
    """Add members and return the ids of all principals of the tenant, in the order of the key."""
    db.execute(
        """
        with added as (
            insert into core.principal (tenant_id, email, display_name)
            select %s, 'member' || n || '@example.org', 'Member ' || n from generate_series(1, %s) as n
            returning tenant_id, principal_id
        )
        insert into core.membership (tenant_id, principal_id, role) select tenant_id, principal_id, 'viewer' from added
        """,
        [tenant, count],
    )
    found = db.execute("select principal_id::text from core.principal where tenant_id = %s order by 1", [tenant])
    return [row[0] for row in found.fetchall()]


class Touched:
    """Counts how a transaction uses tables and indexes from the creation of this object on."""

    def __init__(self, conn: Db, *names: str) -> None:
        self.conn, self.names = conn, names
        self.before = self._counts()

    def _counts(self) -> dict[str, dict[str, int]]:
        found = self.conn.execute(
            "select n, pg_stat_get_xact_numscans(n::regclass), pg_stat_get_xact_tuples_fetched(n::regclass), "
            "pg_stat_get_xact_blocks_fetched(n::regclass) from unnest(%s::text[]) as n",
            [list(self.names)],
        )
        return {name: {"scans": scans, "rows": rows, "pages": pages} for name, scans, rows, pages in found.fetchall()}

    def since(self) -> dict[str, dict[str, int]]:
        """Return scans (of a table: sequential scans only), rows fetched through an index, and pages, per name."""
        return {
            name: {what: count - self.before[name][what] for what, count in counts.items()}
            for name, counts in self._counts().items()
        }

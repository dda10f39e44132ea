"""A team for tests of several sessions: members by the thousand, and what a statement touched."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

Db = psycopg.Connection[Any]


@contextmanager
def acting(db: Db, tenant: str) -> Iterator[None]:
    with db.transaction():
        db.execute("select set_config('app.tenant_id', %s, true)", [tenant])
        yield


def add_members(db: Db, tenant: str, count: int) -> list[str]:
    """Their ids, in the order of the key."""
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


def touched(db: Db, name: str) -> dict[str, int]:
    """What the transaction so far did with a table or an index, as the server counts it."""
    scans, rows, pages = db.execute(
        "select pg_stat_get_xact_numscans(c.oid), pg_stat_get_xact_tuples_returned(c.oid), "
        "pg_stat_get_xact_blocks_fetched(c.oid) from (select %s::regclass::oid) as c (oid)",
        [name],
    ).fetchone()
    return {"scans": scans, "rows": rows, "pages": pages}

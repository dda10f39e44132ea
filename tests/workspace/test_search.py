"""Searching goes by the index, and finds and reads what is one's own."""

from typing import Any

import psycopg
import pytest

from tests.workspace.team import Touched

Db = psycopg.Connection[Any]
FILL = """
    insert into workspace.document (tenant_id, name, body, created_at, updated_at)
    select t.tenant_id, t.slug || ' ' || n, 'heron ' || repeat('w' || n % 97 || ' ', 20)
        || case when n % 500 = 1 then t.slug || 'needle needle' else '' end, now(), now()
    from core.tenant as t cross join generate_series(1, 5000) as n
"""


@pytest.mark.slow
def test_a_search_reads_the_index_and_the_few_that_it_finds(db: Db, team: str, tenants: dict[str, str]) -> None:
    db.execute(FILL)
    db.execute("vacuum analyze workspace.document")
    (pages,) = db.execute("select pg_relation_size('workspace.document') / 8192").fetchone()
    with psycopg.connect(team, autocommit=True) as conn:
        search = "select name from workspace.search_documents(%s, 100)"
        conn.execute(search, ["warm"])
        names = ("workspace.document_search_idx", "workspace.document")
        with conn.transaction():
            touched = Touched(conn, *names)
            found = [name for (name,) in conn.execute(search, ["needle"])]
            index, table = touched.since().values()
        assert len(found) == 10
        assert all(name.startswith("ours") for name in found)  # another tenant has as many
        assert index["scans"] == 1
        assert table["scans"] == 0  # of the whole of it
        assert table["pages"] <= 10 < pages
        assert index["pages"] < 40
        # a word that all documents of both have: as many as are ranked are read, of the tenant's own
        with conn.transaction():
            touched = Touched(conn, *names)
            found = [name for (name,) in conn.execute(search, ["heron"])]
            assert [count["scans"] for count in touched.since().values()] == [1, 0]
        assert len(found) == 100
        assert all(name.startswith("ours") for name in found)


def test_without_the_policy_the_index_would_not_be_asked(db: Db, team: str) -> None:
    """What decision 0034 is about: as a condition of the query the same words read every row of the tenant."""
    db.execute(FILL.replace("5000", "500"))
    db.execute("analyze workspace.document")
    with psycopg.connect(team, autocommit=True) as conn:
        plan = conn.execute(
            "explain select name from workspace.document where search @@ to_tsquery('english', 'needle')"
        ).fetchall()
    assert "document_search_idx" not in str(plan)

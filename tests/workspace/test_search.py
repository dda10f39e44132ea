"""A search uses the index, and reads and returns documents of its own tenant only."""

import psycopg

from tests.sessions import Db
from tests.workspace.team import Touched

FILL = """
    insert into workspace.document (tenant_id, name, body, created_at, updated_at)
    select t.tenant_id, t.slug || ' ' || n, 'heron ' || repeat('w' || n % 97 || ' ', 20)
        || case when n % 500 = 1 then t.slug || 'needle needle' else '' end, now(), now()
    from core.tenant as t cross join generate_series(1, 5000) as n
"""


def test_search_reads_the_index_and_few_rows(db: Db, team: str, tenants: dict[str, str]) -> None:
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
        assert all(name.startswith("ours") for name in found)  # another tenant has equally many matches
        assert index["scans"] == 1
        assert table["scans"] == 0  # no sequential scan
        assert table["pages"] <= 10 < pages
        assert index["pages"] < 40
        # a word of all documents of both tenants: only the ranked documents of the tenant are read
        with conn.transaction():
            touched = Touched(conn, *names)
            found = [name for (name,) in conn.execute(search, ["heron"])]
            assert [count["scans"] for count in touched.since().values()] == [1, 0]
        assert len(found) == 100
        assert all(name.startswith("ours") for name in found)


def test_plain_condition_cannot_use_the_search_index(db: Db, team: str) -> None:
    """As a condition of the query, the same words read every row of the tenant; see decision 0034."""
    db.execute(FILL.replace("5000", "500"))
    db.execute("analyze workspace.document")
    with psycopg.connect(team, autocommit=True) as conn:
        plan = conn.execute(
            "explain select name from workspace.document where search @@ to_tsquery('english', 'needle')"
        ).fetchall()
    assert "document_search_idx" not in str(plan)

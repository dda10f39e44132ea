"""Features of the Teams platform: one test for each row of docs/conformance.md that is "yes" or has a counterpart.

Each test is short; the test modules that it names test the feature in depth.
"""

import json
from collections.abc import Callable
from decimal import Decimal
from statistics import quantiles
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from stanchion.access.logins import create_login, drop_login
from stanchion.audit.rules import broken, rule_files
from tests.sessions import Db, at_once
from tests.workspace.conftest import team as team
from tests.workspace.team import Touched, acting, add_members

Tenants = dict[str, str]
PAGES = ("core.membership", "core.membership_pk", "workspace.document", "workspace.document_pk")


def test_lookup_by_key_reads_few_pages(db: Db, team: str, tenants: Tenants) -> None:
    """Count pages. `stanchion bench workspace` measures times."""
    ids = add_members(db, tenants["ours"], 2_000)
    db.execute("vacuum analyze core.membership")
    with psycopg.connect(team, autocommit=True) as conn:
        keyed = "select role from core.membership where principal_id = %s"
        conn.execute(keyed, [ids[0]])
        with conn.transaction():
            touched = Touched(conn, "core.membership", "core.membership_pk")
            assert conn.execute(keyed, [ids[1000]]).fetchone() == ("viewer",)
            counts = touched.since()
    assert [count["scans"] for count in counts.values()] == [0, 1]
    assert sum(count["pages"] for count in counts.values()) <= 5


def test_queries_of_one_of_10_000_teams_read_few_pages(db: Db, make_login: Callable[..., str]) -> None:
    db.execute(
        """
        insert into core.tenant (slug, name, kind) select 'team' || n, 'T', 'team' from generate_series(1, 10000) as n;
        insert into core.principal (tenant_id, email, display_name)
        select t.tenant_id, 'm' || n || '@example.org', 'x' from core.tenant as t cross join generate_series(1, 3) as n;
        insert into core.membership (tenant_id, principal_id, role)
        select p.tenant_id, p.principal_id, 'editor' from core.principal as p;
        insert into workspace.document (tenant_id, name, body, created_at, updated_at)
        select t.tenant_id, 'Plan', 'of the team', now(), now() from core.tenant as t;
        analyze core.membership;
        analyze workspace.document;
        """
    )
    tenant = str(db.execute("select tenant_id from core.tenant where slug = 'team7777'").fetchone()[0])
    with psycopg.connect(make_login("stanchion_app"), autocommit=True) as conn:
        conn.execute("select set_config('app.tenant_id', %s, false)", [tenant])
        statements = (
            "select count(*) from core.membership",
            "select name from workspace.document order by updated_at desc limit 100",
            "select members, documents from workspace.tenant_summary()",
        )
        for statement in statements:
            conn.execute(statement)
        with conn.transaction():
            touched = Touched(conn, *PAGES)
            answers = [conn.execute(statement).fetchall() for statement in statements]
            counts = touched.since()
    assert answers == [[(3,)], [("Plan",)], [(3, 1)]]
    assert counts["core.membership"]["scans"] == counts["workspace.document"]["scans"] == 0
    assert sum(count["pages"] for count in counts.values()) < 60


def test_stored_stats_are_read_without_their_source_tables(db: Db, team: str, tenants: Tenants) -> None:
    add_members(db, tenants["ours"], 100)
    db.execute("select workspace.refresh_stats()")
    with psycopg.connect(team, autocommit=True) as conn:
        kept = "select members, refreshed_at is not null from workspace.tenant_stats"
        conn.execute(kept)
        with conn.transaction():
            touched = Touched(conn, *PAGES)
            assert conn.execute(kept).fetchone() == (100, True)
            assert all(count["pages"] == 0 for count in touched.since().values())


def test_change_raises_the_version_of_its_tenant_only(db: Db, team: str, tenants: Tenants) -> None:
    version = "select coalesce(max(version), 0) from workspace.tenant_state where tenant_id = %s"
    with psycopg.connect(team, autocommit=True) as conn:
        before = conn.execute(version, [tenants["ours"]]).fetchone()[0]
        conn.execute("select workspace.save_document('Plan', 'x')")
        assert conn.execute(version, [tenants["ours"]]).fetchone()[0] > before
    assert db.execute(version, [tenants["theirs"]]).fetchone() == (0,)


def test_summary_is_visible_to_members_only(db: Db, team: str, tenants: Tenants) -> None:
    """tests/workspace/test_stats.py and tests/marts/test_workspace.py check each number."""
    member, *_ = add_members(db, tenants["ours"], 3)
    (stranger,) = add_members(db, tenants["theirs"], 1)
    with psycopg.connect(team, autocommit=True) as conn:
        conn.execute("select workspace.save_document('Plan', 'x'), workspace.record_usage('assistant', 7, 0.00045)")
        summary = "select name, members, documents, tokens, cost from workspace.tenant_summary()"
        for principal, seen in ((member, [("ours", 3, 1, 7, Decimal("0.00045"))]), (stranger, [])):
            conn.execute("select set_config('app.principal_id', %s, false)", [principal])
            assert conn.execute(summary).fetchall() == seen


def test_no_index_is_missing_or_redundant(db: Db) -> None:
    assert db.execute("select relation, foreign_key from ops.missing_fk_indexes").fetchall() == []
    # an index is redundant if a longer index of the table starts with the same columns
    twice = """
        select a.indexrelid::regclass::text, b.indexrelid::regclass::text
        from core.own_relation as r
        join pg_index as a on a.indrelid = r.relation
        join pg_index as b on b.indrelid = a.indrelid and b.indexrelid <> a.indexrelid
        where r.kind = 'table' and not a.indisunique and a.indpred is null and b.indpred is null
            and b.indkey::text || ' ' like a.indkey::text || ' %'
    """
    assert db.execute(twice).fetchall() == []


def test_search_uses_its_index(db: Db, team: str, tenants: Tenants) -> None:
    """tests/workspace/test_search.py counts the pages read."""
    with acting(db, tenants["theirs"]):
        db.execute("select workspace.save_document('Theirs', 'herons')")
    with psycopg.connect(team, autocommit=True) as conn:
        conn.execute("select workspace.save_document('Ours', 'a heron')")
        with conn.transaction():
            touched = Touched(conn, "workspace.document_search_idx", "workspace.document")
            assert conn.execute("select name from workspace.search_documents('herons')").fetchall() == [("Ours",)]
            assert [count["scans"] for count in touched.since().values()] == [1, 0]


def test_stats_are_readable_through_their_view_only(db: Db, team: str, tenants: Tenants) -> None:
    with psycopg.connect(team, autocommit=True) as conn:
        assert conn.execute("select count(*) from workspace.tenant_stats").fetchone() == (0,)
        db.execute("select workspace.refresh_stats()")
        seen = conn.execute("select tenant_id::text, refreshed_at is not null from workspace.tenant_stats").fetchall()
        assert seen == [(tenants["ours"], True)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("select * from hidden.tenant_stats")


def test_new_login_has_time_limits(db: Db) -> None:
    password = create_login(db, "pooled", "stanchion_app")
    try:
        dsn = make_conninfo(
            host=db.info.host, port=db.info.port, dbname=db.info.dbname, user="pooled", password=password
        )
        with psycopg.connect(dsn) as conn:
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
                assert conn.execute(f"show {name}").fetchone() != ("0",), name
    finally:
        drop_login(db, "pooled")


def test_reading_commands_use_read_only_sessions(
    dsn: str, team: str, tenants: Tenants, stanchion: Callable[..., Any]
) -> None:
    """tests/replicas/test_replica.py tests replicas with and without lag."""
    outcome = stanchion("games", "loads", "--tenant", "ours", "--read-dsn", dsn)
    assert (outcome.code, outcome.err.count("Reading the primary.")) == (0, 1), outcome.err
    options = f"-c app.tenant_id={tenants['ours']} -c default_transaction_read_only=on"
    with psycopg.connect(make_conninfo(team, options=options), autocommit=True) as conn:
        assert conn.execute("select members from workspace.tenant_summary()").fetchone() == (0,)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            conn.execute("select workspace.save_document('Plan', 'x')")


def test_an_application_asks_one_function_for_the_node_of_its_tenant(make_login: Callable[..., str]) -> None:
    """On plain Postgres there is no other node. tests/cluster tests the nodes of a cluster, and moves between them."""
    with psycopg.connect(make_login("stanchion_app"), autocommit=True) as conn:
        assert conn.execute("select node, host, port from core.home_of(gen_random_uuid())").fetchall() == []


def test_personal_columns_reach_no_mart(db: Db) -> None:
    rule = next(path for path in rule_files() if path.stem == "personal_stays_out_of_marts")
    assert broken(db, rule) == []
    db.execute("create view staging.stg_people with (security_invoker = true) as select email from core.principal")
    assert [str(finding.object) for finding in broken(db, rule)] == ["core.principal.email"]


def test_slow_query_views_work_without_pg_stat_statements(db: Db) -> None:
    """tests/ops/test_statements.py tests the views with the extension."""
    db.execute("select statement_id, calls, mean_ms, total_ms, query from ops.slow_queries")
    db.execute("select relation, index, bytes, unused_since, remedy from ops.unused_indexes")
    assert db.execute("select count(*) from ops.missing_fk_indexes").fetchone() == (0,)


def test_metrics_have_the_percentiles_of_their_samples(db: Db, team: str) -> None:
    samples = [(n * 7919 % 1000) ** 1.3 for n in range(1000)]
    with psycopg.connect(team) as conn:
        conn.cursor().executemany("select ops.record_metric('render', %s, 'timing')", [(s,) for s in samples])
        conn.execute("select ops.record_metric('signed_up', 1, 'counter'), ops.record_metric('queue', 5, 'gauge')")
    p50, p95, p99 = db.execute("select p50, p95, p99 from ops.metric_hour where name = 'render'").fetchone()
    cuts = quantiles(samples, n=100, method="inclusive")
    assert (p50, p95, p99) == pytest.approx((cuts[49], cuts[94], cuts[98]))
    kinds = "select array_agg(kind order by kind) from ops.metric_hour"
    assert db.execute(kinds).fetchone() == (["counter", "gauge", "timing"],)


def test_forty_sessions_write_without_losses(db: Db, team: str, tenants: Tenants) -> None:
    """`stanchion bench workspace` does this at 10,000 tenants."""
    with acting(db, tenants["ours"]):
        db.execute("select workspace.subscribe('team')")

    def visit(conn: Db, number: int) -> int:
        for turn in range(5):
            conn.execute("select workspace.save_document(%s, 'x')", [f"{number} {turn}"])
            conn.execute("select workspace.record_usage('assistant', 1, 0.00045)")
            conn.execute("select * from workspace.tenant_summary()")
        return 5

    assert sum(at_once(team, [lambda conn, n=n: visit(conn, n) for n in range(40)])) == 200
    with acting(db, tenants["ours"]):
        summary = db.execute("select documents, calls, cost from workspace.tenant_summary()").fetchone()
    assert summary == (200, 200, Decimal("0.09"))


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.exhaustive
def test_counting_a_use_is_measured_beside_inserting_it(db: Db, stanchion: Callable[..., Any]) -> None:
    """tests/cli/test_bench.py measures other operations."""
    outcome = stanchion("bench", "usage", "--seconds", "1", "--rounds", "1", "--json")
    assert outcome.code == 0, outcome.err
    assert {"record_usage"} < {result["what"] for result in json.loads(outcome.out)["usage"]}

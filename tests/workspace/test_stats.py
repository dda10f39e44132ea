"""The summary and the stored stats of a tenant equal a recount for any content; joins multiply no row."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import on_citus
from tests.sessions import Db
from tests.workspace.team import Touched

NOW = datetime(2030, 3, 15, 12, tzinfo=UTC)
at = st.integers(0, 80 * 24).map(lambda hours: NOW - timedelta(hours=hours))
cost = st.decimals("0", "1000", places=9)
workspaces = st.fixed_dictionaries(
    {
        "members": st.lists(st.tuples(st.booleans(), st.none() | at), max_size=6),
        "documents": st.lists(at, max_size=6),
        "datasets": st.lists(at, max_size=6),
        "usage": st.lists(
            st.tuples(at, st.sampled_from(["assistant", "export"]), st.integers(0, 10**6), cost), max_size=8
        ),
    }
)


def fill(db: Db, slug: str, has: dict[str, Any]) -> str:
    """Create a tenant with this content, as the functions of the schema would have written it."""
    tenant = str(db.execute("select core.create_tenant(%s, %s, 'team')", [slug, slug]).fetchone()[0])
    for number, (is_active, last) in enumerate(has["members"]):
        principal = db.execute(
            "insert into core.principal (tenant_id, email, display_name) values (%s, %s, 'x') returning principal_id",
            [tenant, f"m{number}@example.org"],
        ).fetchone()[0]
        db.execute(
            "insert into core.membership values (%s, %s, 'viewer', %s, %s)", [tenant, principal, is_active, last]
        )
    for moment in has["documents"]:
        db.execute(
            "insert into workspace.document (tenant_id, name, body, created_at, updated_at) "
            "values (%s, 'x', 'y', %s, %s)",
            [tenant, moment, moment],
        )
    for moment in has["datasets"]:
        db.execute("insert into workspace.dataset values (%s, default, 'x', 1, 1, %s)", [tenant, moment])
    for moment, feature, tokens, paid in has["usage"]:
        db.execute(
            "insert into workspace.usage_daily as u values (%s, %s, %s, 1, %s, %s, %s) "
            "on conflict on constraint usage_daily_pk do update set calls = u.calls + 1, "
            "tokens = u.tokens + excluded.tokens, cost = u.cost + excluded.cost, "
            "last_used_at = greatest(u.last_used_at, excluded.last_used_at)",
            [tenant, moment.date(), feature, tokens, paid, moment],
        )
    return tenant


def truth(has: dict[str, Any], now: datetime = NOW) -> dict[str, Any]:
    month = now.date().replace(day=1)
    moments = [last for _, last in has["members"] if last] + has["documents"] + has["datasets"]
    moments += [moment for moment, *_ in has["usage"]]
    return {
        "members": sum(is_active for is_active, _ in has["members"]),
        "documents": len(has["documents"]),
        "datasets": len(has["datasets"]),
        "calls": len(has["usage"]),
        "tokens": sum(tokens for _, _, tokens, _ in has["usage"]),
        "cost": sum((paid for *_, paid in has["usage"]), Decimal(0)),
        "month": month,
        "month_cost": sum((paid for moment, *_, paid in has["usage"] if moment.date() >= month), Decimal(0)),
        "last_activity_at": max(moments, default=None),
    }


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ours=workspaces, theirs=workspaces)
def test_summary_and_stats_equal_a_recount(
    deployed_db: Db, request: pytest.FixtureRequest, ours: dict[str, Any], theirs: dict[str, Any]
) -> None:
    db, has_stats = deployed_db, not on_citus(request)  # of a cluster only the coordinator has the stored stats
    with db.transaction(force_rollback=True):
        db.execute("select core.ensure_partitions('core.audit_log', '2030-03-15', '2030-03-15')")
        db.execute(
            "create or replace function core.clock() returns timestamptz language sql volatile "
            f"return '{NOW.isoformat()}'::timestamptz"
        )
        expected = {fill(db, slug, has): truth(has) for slug, has in (("ours", ours), ("theirs", theirs))}
        if has_stats:
            db.execute("select workspace.refresh_stats()")
        for tenant, numbers in expected.items():
            db.execute("select set_config('app.tenant_id', %s, true)", [tenant])
            db.execute("set local role stanchion_app")
            for source in ("workspace.tenant_summary()", "workspace.tenant_stats")[: 1 + has_stats]:
                columns = ", ".join(numbers)
                assert (
                    dict(zip(numbers, db.execute(f"select {columns} from {source}").fetchone(), strict=True)) == numbers
                )
            if has_stats:
                assert db.execute("select refreshed_at from workspace.tenant_stats").fetchone() == (NOW,)
            db.execute("reset role")


def test_summary_reads_few_pages_of_its_tenant(db: Db, team: str, tenants: dict[str, str]) -> None:
    """With twenty tenants, under row level security, no table is read sequentially."""
    db.execute(
        """
        insert into core.tenant (slug, name, kind) select 't' || n, 'T', 'team' from generate_series(1, 18) as n;
        insert into core.principal (tenant_id, email, display_name)
        select t.tenant_id, 'm' || n || '@example.org', 'x'
        from core.tenant as t cross join generate_series(1, 500) as n;
        insert into core.membership (tenant_id, principal_id, role)
        select p.tenant_id, p.principal_id, 'viewer' from core.principal as p order by 1, 2;
        insert into workspace.document (tenant_id, name, body, created_at, updated_at)
        select t.tenant_id, 'x', repeat('y', 500), now(), now()
        from core.tenant as t cross join generate_series(1, 200) as n;
        insert into workspace.dataset (tenant_id, name, row_count, byte_count, updated_at)
        select t.tenant_id, 'x', 1, 1, now() from core.tenant as t cross join generate_series(1, 200) as n;
        insert into workspace.usage_daily
        select t.tenant_id, date '2030-01-01' - n, 'assistant', 5, 5, 0.00045, now()
        from core.tenant as t cross join generate_series(1, 365) as n order by 1, 2;
        """
    )
    names = ("core.membership", "workspace.document", "workspace.dataset", "workspace.usage_daily")
    for name in names:
        db.execute(f"vacuum analyze {name}")
    with psycopg.connect(team, autocommit=True) as conn:
        summary = "select members, documents, calls, cost from workspace.tenant_summary()"
        conn.execute(summary)
        with conn.transaction():
            touched = Touched(conn, *names)
            found = conn.execute(summary).fetchone()
            counts = touched.since()
    assert found == (500, 200, 1825, Decimal("0.16425"))
    assert {name: count["scans"] for name, count in counts.items()} == dict.fromkeys(names, 0)
    whole = dict(
        db.execute("select format('%s.%s', relnamespace::regnamespace, relname), relpages from pg_class").fetchall()
    )
    for name in ("core.membership", "workspace.usage_daily"):
        assert counts[name]["pages"] <= 0.15 * whole[name] + 2, name


def test_only_an_operator_can_refresh_stats(db: Db, team: str, tenants: dict[str, str]) -> None:
    """Another role would see one tenant only and delete the stats of the others."""
    with psycopg.connect(team, autocommit=True) as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute("select workspace.refresh_stats()")
    db.execute("grant execute on function workspace.refresh_stats() to stanchion_app")
    with psycopg.connect(team, autocommit=True) as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute("select workspace.refresh_stats()")


def test_stats_view_filters_before_other_conditions(db: Db, team: str, tenants: dict[str, str]) -> None:
    db.execute("select workspace.refresh_stats()")
    with psycopg.connect(team, autocommit=True) as conn:
        assert [str(row[0]) for row in conn.execute("select tenant_id from workspace.tenant_stats")] == [
            tenants["ours"]
        ]
        spy = "select 1 from workspace.tenant_stats where tenant_id::text::integer = 1"
        with pytest.raises(psycopg.errors.InvalidTextRepresentation) as failed:
            conn.execute(spy)
        assert tenants["theirs"] not in str(failed.value)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("select * from hidden.tenant_stats")
        conn.execute("set app.tenant_id = ''")
        assert conn.execute("select count(*) from workspace.tenant_stats").fetchone() == (0,)


def test_update_raises_the_version_of_its_tenant_only(db: Db, team: str, tenants: dict[str, str]) -> None:
    version = "select (select version from workspace.tenant_state where tenant_id = %s)"
    with psycopg.connect(team, autocommit=True) as conn:
        seen = []
        for statement in (
            "select workspace.save_document('x', 'y')",
            "select workspace.record_usage('assistant')",
            "select workspace.save_dataset('x', 1, 1)",
            "select count(*) from workspace.document",
            "select workspace.delete_document((select document_id from workspace.document))",
            "select workspace.record_usage('nonsense')",
        ):
            conn.execute(statement)
            seen.append(conn.execute(version, [tenants["ours"]]).fetchone()[0])
        assert seen == [1, 2, 3, 3, 4, 4]
    assert db.execute(version, [tenants["theirs"]]).fetchone() == (None,)

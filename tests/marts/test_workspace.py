"""The usage marts equal the tables of the workspace exactly, for random tenants."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.marts.platform import Platform
from tests.workspace.test_stats import fill, truth, workspaces

MARTS = ("+fact_usage_day", "+usage_month", "+tenant_stats_mart")


def shifted(has: dict[str, Any], by: timedelta) -> dict[str, Any]:
    """Shift every time by the same interval: the drawn times are in 2030, and the marts are built now."""
    return {
        "members": [(is_active, last and last + by) for is_active, last in has["members"]],
        "documents": [moment + by for moment in has["documents"]],
        "datasets": [moment + by for moment in has["datasets"]],
        "usage": [(moment + by, *rest) for moment, *rest in has["usage"]],
    }


@pytest.mark.slow
@pytest.mark.long
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=st.lists(workspaces, min_size=8, max_size=8))
def test_every_number_equals_the_workspace(built: Platform, drawn: list[dict[str, Any]]) -> None:
    db, now = built.conn, datetime.now(UTC).replace(microsecond=0)
    examples = db.execute("select count(*) from core.tenant").fetchone()[0]
    by = now - datetime(2030, 3, 15, 12, tzinfo=UTC)
    expected = {
        fill(db, f"drawn-{examples}-{number}", moved): truth(moved, now)
        for number, moved in enumerate(shifted(has, by) for has in drawn)
    }
    built.build(*MARTS, full_refresh=True)
    db.execute("select workspace.refresh_stats()")
    columns = ", ".join(next(iter(expected.values())))
    for mart in ("marts.tenant_stats_mart", "hidden.tenant_stats"):
        rows = built.rows(f"select tenant_id::text as id, {columns} from {mart}")
        assert {row.pop("id"): row for row in rows if row["id"] in expected} == expected, mart
    months = built.rows(
        "select tenant_id::text as id, sum(calls)::int as calls, sum(cost) as cost from marts.usage_month group by 1"
    )
    used = {row["id"]: (row["calls"], row["cost"]) for row in months if row["id"] in expected}
    assert used == {id_: (n["calls"], n["cost"]) for id_, n in expected.items() if n["calls"]}


@pytest.mark.slow
def test_an_increment_adds_new_usage_and_reads_no_older_day(built: Platform) -> None:
    (tenant,) = (row["tenant_id"] for row in built.rows("select tenant_id from core.tenant where slug = 'ours'"))
    before = built.rows(
        "select sum(calls)::int as calls, sum(cost) as cost from marts.fact_usage_day where tenant_id = %s", tenant
    )[0]
    assert before == {"calls": 20, "cost": Decimal("0.009")}
    with built.conn.transaction():
        built.conn.execute("select set_config('app.tenant_id', %s, true)", [str(tenant)])
        for _ in range(5):
            built.conn.execute("select workspace.record_usage('assistant', 10, 0.00045)")
    # a change to an old day is only found by --full-refresh
    old = "insert into workspace.usage_daily values (%s, current_date - 10, 'assistant', 1, 0, 1, now())"
    built.conn.execute(old, [tenant])
    built.build(*MARTS)
    counted = "select sum(calls)::int as calls, sum(cost) as cost from marts.fact_usage_day where tenant_id = %s"
    assert built.rows(counted, tenant) == [{"calls": 25, "cost": Decimal("0.01125")}]
    assert built.rows("select calls::int, cost from marts.tenant_stats_mart where tenant_id = %s", tenant) == [
        {"calls": 25, "cost": Decimal("0.01125")}
    ]
    again = built.build(*MARTS)
    assert {node.outcome for node in again.nodes if node.kind == "model"} == {"unchanged"}
    built.build(*MARTS, full_refresh=True)
    assert built.rows(counted, tenant) == [{"calls": 26, "cost": Decimal("1.01125")}]


def test_an_analyst_sees_the_usage_of_the_granted_tenant(built: Platform, analyst: Any) -> None:
    assert analyst.execute("select tenant_name, calls, cost from marts.tenant_stats_mart").fetchall() == [
        ("Ours", 20, Decimal("0.009"))
    ]
    assert analyst.execute("select count(distinct tenant_id) from marts.usage_month").fetchone() == (1,)

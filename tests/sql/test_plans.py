"""Row level security costs nothing: the same plan and the same pages as with the tenant written out.

A million rows of a hundred tenants, partitioned by day. What is compared is what the server says it
touched, not how long it took. A tenant's rows of a day lie together, as loaders write them.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.conftest import copy_of_deployed

TENANT = "00000000-0000-0000-0000-000000000007"
ONLY_TENANT = "00000000-0000-0000-0000-000000000700"  # alone on a day
QUERIES = {
    "a point": "select * from core.reading where {tenant} and day = '2026-01-05' and reading_id = 12345",
    "a range": "select * from core.reading where {tenant} and day between '2026-01-03' and '2026-01-05'",
    "an aggregate": "select day, sum(amount), count(*) from core.reading where {tenant} group by day",
    "pruned partitions": "select max(amount) from core.reading where {tenant} and day = '2026-01-09'",
}
MAKE = f"""
    create table core.reading (
        tenant_id uuid not null, day date not null, reading_id integer not null, amount integer not null,
        constraint reading_pk primary key (tenant_id, day, reading_id)
    ) partition by range (day);
    alter table core.reading owner to stanchion_owner;
    select core.ensure_partitions('core.reading', '2026-01-01', '2026-01-11');
    insert into core.reading
    select ('00000000-0000-0000-0000-' || lpad((n % 100)::text, 12, '0'))::uuid,
        '2026-01-01'::date + (n / 100000), n / 100 + 1, n % 997
    from generate_series(0, 999999) as n
    order by 1, 2, 3;
    insert into core.reading values ('{TENANT}', '2026-01-05', 12345, 1) on conflict do nothing;
    insert into core.reading select '{ONLY_TENANT}', '2026-01-11', n, n % 997 from generate_series(1, 100000) as n;
    alter table core.reading enable row level security, force row level security;
    create policy own_tenant on core.reading for select to stanchion_app, stanchion_loader
        using (tenant_id = core.current_tenant());
    create policy granted_tenants on core.reading for select to stanchion_analyst
        using (
            tenant_id = any(core.granted_tenants())
            and case when tenant_id = any(core.granted_tenants())
                then (select core.granted_tenants() <@ core.readable_tenants()) end
        );
    grant select on core.reading to stanchion_app, stanchion_loader, stanchion_analyst;
"""


@pytest.fixture(scope="module")
def million(deployed: Any, cluster: Any) -> Iterator[psycopg.Connection[Any]]:
    with copy_of_deployed(deployed, cluster, "million") as dsn, psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(MAKE)
        conn.execute("vacuum analyze core.reading")
        yield conn


def explain(conn: psycopg.Connection[Any], statement: str) -> tuple[list[Any], int]:
    """The shape of a plan and how many pages executing it touched, once everything is in memory."""
    conn.execute(statement)
    answer = conn.execute(f"explain (analyze, buffers, costs off, timing off, format json) {statement}").fetchone()[0]
    plan = (json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]
    return shape(plan), plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


def shape(plan: dict[str, Any]) -> list[Any]:
    """Which nodes, on what, by which index; through a bitmap or not is the same pages of the same index."""
    if plan["Node Type"] == "Bitmap Heap Scan":
        (bitmap,) = plan["Plans"]
        return ["Index Scan", plan["Relation Name"], bitmap["Index Name"]]
    own = [plan["Node Type"], plan.get("Relation Name"), plan.get("Index Name")]
    return own + [shape(child) for child in plan.get("Plans", [])]


@pytest.mark.slow
@pytest.mark.parametrize("name", QUERIES)
@pytest.mark.parametrize("role", ["stanchion_app", "stanchion_loader"])
def test_the_policy_costs_as_much_as_the_predicate(name: str, role: str, million: psycopg.Connection[Any]) -> None:
    explicit = QUERIES[name].format(tenant=f"tenant_id = '{TENANT}'")
    with million.transaction(force_rollback=True):
        million.execute("alter table core.reading disable row level security")
        million.execute("set local role stanchion_owner")
        expected_shape, expected_pages = explain(million, explicit)
    with million.transaction(force_rollback=True):
        million.execute("select set_config('app.tenant_id', %s, true)", [TENANT])
        million.execute(f"set local role {role}")
        actual_shape, actual_pages = explain(million, QUERIES[name].format(tenant="true"))
    assert actual_shape == expected_shape
    assert abs(actual_pages - expected_pages) <= 0.05 * expected_pages
    assert expected_pages < 200  # of some ten thousand: no plan reads other tenants' pages


@pytest.mark.slow
@pytest.mark.parametrize("name", QUERIES)
def test_an_analysts_grants_cost_a_handful_of_pages_a_partition(name: str, million: psycopg.Connection[Any]) -> None:
    explicit = QUERIES[name].format(tenant=f"tenant_id = any ('{{{TENANT}}}'::uuid[])")
    with million.transaction(force_rollback=True):
        million.execute("alter table core.reading disable row level security")
        million.execute("set local role stanchion_owner")
        expected_shape, expected_pages = explain(million, explicit)
    with million.transaction(force_rollback=True):
        be_analyst(million, TENANT)
        actual_shape, actual_pages = explain(million, QUERIES[name].format(tenant="true"))
    assert "Seq Scan" not in str(actual_shape)
    partitions = len(set(re.findall(r"core__reading__\d+(?=')", str(expected_shape))))
    assert abs(actual_pages - expected_pages) <= 0.05 * expected_pages + 5 * partitions


@pytest.mark.slow
def test_a_policy_is_evaluated_once_for_a_single_tenant(million: psycopg.Connection[Any]) -> None:
    with million.transaction(force_rollback=True):
        million.execute("select set_config('app.tenant_id', %s, true)", [ONLY_TENANT])
        million.execute("set local role stanchion_app")
        plan_shape, _ = explain(million, "select sum(amount) from core.reading where day = '2026-01-11'")
    assert "Seq Scan" not in str(plan_shape)  # which would evaluate it per row


def be_analyst(conn: psycopg.Connection[Any], tenant: str) -> None:
    # a parallel worker begins by reading the catalog, and those pages are counted too
    conn.execute("set local max_parallel_workers_per_gather = 0")
    conn.execute("insert into core.tenant (tenant_id, slug, name, kind) values (%s, 't', 't', 'shop')", [tenant])
    conn.execute("select set_config('app.tenant_id', %s, true)", [tenant])
    conn.execute("select core.ensure_due_partitions(), core.grant_analyst(session_user)")
    conn.execute("set local role stanchion_analyst")

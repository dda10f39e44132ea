"""The cost of a build depends on the new games, and the cost of a query on the size of its tenant."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from stanchion.access.logins import create_login, drop_login
from stanchion.dev.bench import marts
from stanchion.dev.bench.increments import Growth, Pages
from tests.marts.league import League
from tests.marts.platform import Maker, Platform


class SettledGrowth(Growth):
    """A growing database whose pages are counted when the sessions of the builds have ended."""

    def __init__(self, platform: Platform, tenant: str) -> None:
        self.platform = platform
        super().__init__(platform.server, platform.conn, tenant, tenants=4, per_day=2)

    def _pages(self) -> Pages:
        self.platform.settle()
        return super()._pages()


# With each of these sizes, the new day is of the same two tenants, and the indexes of their marts are equally high.
@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "sizes",
    [(25_000, 60_000), pytest.param((50_000, 120_000, 300_000), marks=pytest.mark.exhaustive)],
    ids=lambda sizes: f"{sizes[-1]} events",
)
def test_a_new_day_costs_the_same_at_any_size(unloaded_platform: Maker, tmp_path: Path, sizes: tuple[int, ...]) -> None:
    with unloaded_platform(tmp_path, League("copied", [])) as platform:
        tenant = platform.rows("select tenant_id from core.tenant")[0]["tenant_id"]
        growth = SettledGrowth(platform, str(tenant))
        days = []
        for events in sizes:
            growth.grow(events)
            days.append(growth.new_day())
        copied, built = platform.rows(
            "select count(*) as n from contest.play_event union all select count(*) from marts.fact_event"
        )
    assert copied == built
    totals = [day.tables.total() for day in days]
    assert max(totals) <= 1.1 * min(totals), (totals, (days[-1].tables - days[0].tables).most_common(5))
    counted = {"marts.fact_shot", "parts.contest__play_point"}  # the copied games have places of shots
    assert all(counted <= day.tables.keys() for day in days)
    assert [day.facts_without_news() for day in days] == [{}] * len(days)


@pytest.fixture(scope="module")
def many(
    unloaded_platform: Maker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Platform, dict[str, str]]]:
    """Marts of 300 tenants, the largest with some thousand rows."""
    with unloaded_platform(tmp_path_factory.mktemp("many")) as platform:
        marts.seed(platform.conn, rows=200_000, tenants=300)
        yield platform, marts.sizes(platform.conn)


@contextmanager
def reader(platform: Platform, slug: str) -> Iterator[tuple[psycopg.Connection[Any], dict[str, Any]]]:
    with marts.reading(platform.server, platform.conn, [slug]) as conn:
        conn.execute("set max_parallel_workers_per_gather = 0")
        yield conn, marts.example(conn)


@contextmanager
def application(platform: Platform, slug: str) -> Iterator[psycopg.Connection[Any]]:
    """Connect as an application, in a transaction of a tenant."""
    password = create_login(platform.conn, "cost_app", "stanchion_app")
    try:
        dsn = make_conninfo(platform.server.dsn, user="cost_app", password=password)
        with psycopg.connect(dsn) as conn:
            conn.execute("set local max_parallel_workers_per_gather = 0")
            conn.execute(
                "select core.set_local('app.tenant_id', tenant_id::text), core.plan_for_marts() "
                "from (select %s::uuid as tenant_id) as t",
                platform.conn.execute("select tenant_id from core.tenant where slug = %s", [slug]).fetchone(),
            )
            yield conn
    finally:
        drop_login(platform.conn, "cost_app")


def pages_of(conn: psycopg.Connection[Any], statement: str, values: dict[str, Any]) -> int:
    conn.execute(statement.encode(), values).fetchall()
    (answer,) = conn.execute(
        f"explain (analyze, buffers, costs off, timing off, format json) {statement}".encode(), values
    ).fetchone()
    plan = (json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


@pytest.mark.slow
@pytest.mark.parametrize("question", marts.QUESTIONS, ids=lambda question: question.name)
def test_a_query_reads_only_pages_of_its_tenant(many: Any, question: marts.Question) -> None:
    platform, slugs = many
    for size, slug in slugs.items():
        with reader(platform, slug) as (conn, values):
            pages = pages_of(conn, question.sql, values)
        tenant = platform.rows("select tenant_id from core.tenant where slug = %s", slug)[0]["tenant_id"]
        (own,) = platform.rows(
            "select (select count(distinct (ctid::text::point)[0]) from marts.fact_player_game where tenant_id = %s) "
            "+ (select count(distinct (ctid::text::point)[0]) from marts.fact_team_game where tenant_id = %s) as pages",
            tenant,
            tenant,
        )
        if question.bar_ms <= 10:
            assert pages <= 120, (size, pages)
        assert pages <= 2 * own["pages"] + 120, (size, pages, own)


@pytest.mark.slow
def test_an_application_reads_as_many_pages_as_an_analyst(many: Any) -> None:
    """An application usually reads fewer pages, since the policy of analysts reads the grants and lists tenants.

    For one question an index scan visits the same pages more often: docs/decisions/0056-applications-read-the-marts.md
    """
    limits = {("biggest", "a season's leaders"): 1.5}
    platform, slugs = many
    pages = {}
    for size, slug in slugs.items():
        with reader(platform, slug) as (conn, values), application(platform, slug) as app:
            for question in marts.QUESTIONS:
                pages[size, question.name] = [pages_of(each, question.sql, values) for each in (conn, app)]
    assert {key: each for key, each in pages.items() if each[1] > limits.get(key, 1) * each[0]} == {}

"""Plans, budgets and seats are never exceeded by concurrent calls."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.conftest import on_citus
from tests.sessions import Db, at_once
from tests.workspace.team import acting

USE = "select allowed, coalesce(reason, '') from workspace.record_usage(%s, 1, %s)"
COUNTED = """
    select d.calls, d.cost, e.calls, e.cost
    from (select coalesce(sum(calls), 0)::int as calls, coalesce(sum(cost), 0) as cost from workspace.usage_daily) as d
    cross join (select count(*)::int as calls, coalesce(sum(cost), 0) as cost from workspace.usage_event) as e
"""


def use(conn: Db, feature: str = "assistant", cost: str = "0") -> str:
    """Record a use, with retries on SQLSTATE 40001. Return the reason of a refusal, or an empty text."""
    while True:
        try:
            return str(conn.execute(USE, [feature, cost]).fetchone()[1])
        except psycopg.errors.SerializationFailure:
            continue


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
def test_plan_limit_of_10_passes_10_of_100_calls(db: Db, team: str, isolation: str) -> None:
    def call(conn: Db) -> str:
        conn.execute(f"set default_transaction_isolation = '{isolation}'")
        return use(conn, cost="0.00045")

    answers = Counter(at_once(team, [call] * 100))
    assert answers == {"": 10, "the limit of the plan is reached": 90}
    assert db.execute(COUNTED).fetchone() == (10, Decimal("0.0045"), 10, Decimal("0.0045"))


def test_budget_applies_to_all_features_together(db: Db, team: str, tenants: dict[str, str]) -> None:
    db.execute("insert into workspace.plan_feature values ('team', 'export'), ('team', 'report')")
    with acting(db, tenants["ours"]):
        db.execute("select workspace.subscribe('team'), workspace.set_budget(1)")
    calls = [lambda conn, f=f: use(conn, f, "0.03") for f in ("assistant", "export", "report")] * 20
    answers = Counter(at_once(team, calls))
    assert answers == {"": 33, "the budget of the month is spent": 27}
    assert db.execute(COUNTED).fetchone() == (33, Decimal("0.99"), 33, Decimal("0.99"))


@pytest.mark.parametrize("statements", [40, pytest.param(200, marks=[pytest.mark.slow, pytest.mark.exhaustive])])
def test_fractions_of_a_cent_sum_exactly(
    statements: int, db: Db, team: str, tenants: dict[str, str], request: pytest.FixtureRequest
) -> None:
    with acting(db, tenants["ours"]):
        db.execute("select workspace.subscribe('team')")
    calls = 50 * statements
    expected = (calls, calls * Decimal("0.00045"), calls * Decimal("0.00045"))
    with psycopg.connect(team, autocommit=True) as conn:
        for _ in range(statements):
            conn.execute(
                "select count(*) filter (where r.allowed) from generate_series(1, 50) as n "
                "cross join lateral workspace.record_usage('assistant', n, 0.00045) as r"
            )
        summary = "select calls, cost, month_cost from workspace.tenant_summary()"
        assert conn.execute(summary).fetchone() == expected
    if on_citus(request):
        return  # only the coordinator has the stored stats
    db.execute("select workspace.refresh_stats()")
    kept = "select calls, cost, month_cost from hidden.tenant_stats where tenant_id = %s"
    assert db.execute(kept, [tenants["ours"]]).fetchone() == expected


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read"])
def test_one_of_several_invitations_gets_the_last_seat(
    db: Db, tenants: dict[str, str], make_login: Callable[..., str], isolation: str
) -> None:
    emails = [f"guest{n}@example.org" for n in range(8)]
    with acting(db, tenants["ours"]):
        db.execute(
            "select core.add_member('a@example.org', 'A', 'owner'), core.add_member('b@example.org', 'B', 'viewer')"
        )
        tokens = [db.execute("select workspace.invite(%s, 'viewer')", [email]).fetchone()[0] for email in emails]
    app = make_login("stanchion_app")

    def accept(conn: Db, email: str, token: str) -> str:
        conn.execute(f"set default_transaction_isolation = '{isolation}'")
        try:
            conn.execute("select workspace.accept_invitation(%s)", [token])
        except psycopg.errors.SerializationFailure:
            return accept(conn, email, token)
        except psycopg.errors.ConfigurationLimitExceeded:
            return "every seat is taken"
        return "in"

    def session(conn: Db, email: str, token: str) -> str:
        for name, value in (("app.tenant_id", tenants["ours"]), ("app.email", email)):
            conn.execute("select set_config(%s, %s, false)", [name, value])
        return accept(conn, email, token)

    calls = [lambda conn, e=e, t=t: session(conn, e, t) for e, t in zip(emails, tokens, strict=True)]
    assert Counter(at_once(app, calls)) == {"in": 1, "every seat is taken": 7}
    assert db.execute("select count(*) from core.membership where is_active").fetchone() == (3,)


def test_one_of_several_saves_of_a_version_succeeds(db: Db, team: str) -> None:
    with psycopg.connect(team, autocommit=True) as conn:
        document, version = conn.execute("select * from workspace.save_document('Plan', 'first')").fetchone()

    def save(conn: Db) -> str:
        try:
            conn.execute("select workspace.save_document('Plan', 'next', '{}', %s, %s)", [document, version])
        except psycopg.errors.SerializationFailure:
            return "another save won"
        return "saved"

    assert Counter(at_once(team, [save] * 20)) == {"saved": 1, "another save won": 19}
    assert db.execute("select version from workspace.document").fetchone() == (2,)


def at(db: Db, moment: str) -> None:
    """Set the clock of the database."""
    db.execute(
        "create or replace function core.clock() returns timestamptz language sql volatile "
        f"return '{moment}'::timestamptz"
    )


def test_month_ends_at_midnight_utc_in_any_time_zone(db: Db, team: str, tenants: dict[str, str]) -> None:
    db.execute("select core.ensure_partitions(relation::regclass, '2030-01-31', '2030-02-01') from core.partition_set")
    at(db, "2030-01-31 23:59:59.999+00")
    auckland = make_conninfo(team, options=f"-c app.tenant_id={tenants['ours']} -c TimeZone=Pacific/Auckland")
    with psycopg.connect(auckland, autocommit=True) as conn:
        assert [use(conn) for _ in range(11)] == [""] * 10 + ["the limit of the plan is reached"]
    at(db, "2030-02-01 00:00:00+00")
    with psycopg.connect(auckland, autocommit=True) as conn:
        assert use(conn) == ""
    days = "select used_on::text, calls from workspace.usage_daily order by 1"
    assert db.execute(days).fetchall() == [("2030-01-31", 10), ("2030-02-01", 1)]

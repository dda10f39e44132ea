"""An analyst learns no value of another tenant from EXPLAIN, and the audit finds the ways in which it would."""

import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from stanchion.audit import estimates
from stanchion.audit.attacks import Attacker
from stanchion.audit.findings import AuditResult
from stanchion.audit.rules import RULES, broken
from stanchion.audit.seed import Table, Victim, read_tables
from stanchion.server.connection import for_tenant
from tests.marts.platform import Platform
from tests.sessions import Db

RULE = RULES / "statistics_tell_nothing.sql"
OLD_POLICY = "alter policy granted_tenants on marts.dim_person using (tenant_id = any(core.readable_tenants()))"
MORE_TENANTS = """
    insert into core.tenant (tenant_id, slug, name, kind)
    select gen_random_uuid(), 'more-' || n, 'More', 'shop' from generate_series(1, 5) as n;
    insert into core.analyst_grant (role_name, role_id, tenant_id)
    select 'marts_analyst', 'marts_analyst'::regrole, tenant_id from core.tenant where slug like 'more-%'
"""


class Snoop:
    """An analyst of the tenant `ours` who looks for values of the tenant `theirs`."""

    def __init__(self, platform: Platform, conn: psycopg.Connection[Any]) -> None:
        self.platform = platform
        self.attacker = Attacker("an analyst", conn, [])
        self.result = AuditResult()
        self.ours, self.theirs = (self._victim(slug) for slug in ("ours", "theirs"))

    def _victim(self, slug: str) -> Victim:
        (row,) = self.platform.rows("select tenant_id::text as id from core.tenant where slug = %s", slug)
        return Victim(slug, row["id"], slug)

    def tables(self) -> list[Table]:
        names = {
            row["name"]
            for row in self.platform.rows(
                "select name from core.own_relation "
                "where has_any_column_privilege('stanchion_analyst', relation, 'select')"
            )
        }
        return [table for table in read_tables(self.platform.conn) if table.name in names]

    def rows(self, table: str, condition: str) -> float:
        """Return the number of rows that EXPLAIN prints for a condition."""
        found = estimates.estimate(
            self.result,
            self.attacker,
            sql.SQL(f"select 1 from {table} where {condition}"),
        )
        assert found
        return found[0]

    def find_tenant(self, table: str) -> str | None:
        """Search for the largest tenant_id: the smallest uuid above which the planner expects no more rows."""
        every = self.rows(table, f"tenant_id <= '{uuid.UUID(int=2**128 - 1)}'")
        low, high = 0, 2**128 - 1
        while low < high:
            middle = (low + high) // 2
            if self.rows(table, f"tenant_id <= '{uuid.UUID(int=middle)}'") >= every:
                high = middle
            else:
                low = middle + 1
        return str(uuid.UUID(int=low)) if low else None


@pytest.fixture
def snoop(built: Platform, analyst: psycopg.Connection[Any]) -> Snoop:
    return Snoop(built, analyst)


def collect_statistics(platform: Platform, mart: str) -> None:
    """Let the planner use statistics of a mart, as before this was found."""
    columns = platform.rows(
        "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped", mart
    )
    for column in columns:
        platform.conn.execute(f"alter table {mart} alter column {column['attname']} set statistics -1".encode())
    platform.conn.execute(f"analyze {mart}".encode())


@pytest.mark.slow
def test_no_estimate_depends_on_a_value(snoop: Snoop) -> None:
    conn = snoop.platform.conn
    conn.execute("analyze")
    tables = snoop.tables()
    assert len(tables) > 20
    estimates.compare_estimates(snoop.result, snoop.attacker, tables, snoop.ours)
    assert snoop.result.attempts > 500
    assert [str(finding) for finding in snoop.result.findings] == []
    assert [str(finding) for finding in broken(conn, RULE)] == []
    assert snoop.platform.rows("select from pg_stats where schemaname in ('marts', 'mart_parts')") == []


@pytest.mark.slow
def test_an_analyst_finds_a_tenant_only_with_statistics(snoop: Snoop) -> None:
    largest = max(snoop.ours.tenant_id, snoop.theirs.tenant_id)
    keys = [
        row["game_key"]
        for row in snoop.platform.rows(
            "select distinct game_key from marts.fact_event where tenant_id = %s", snoop.theirs.tenant_id
        )
    ]

    def confirmed(table: str) -> list[str]:
        return [key for key in keys if snoop.rows(table, f"game_key = '{key}'") > snoop.rows(table, "game_key = 'x'")]

    assert (snoop.find_tenant("marts.fact_pair_game"), confirmed("marts.fact_event")) == (None, [])
    for mart in ("marts.fact_pair_game", "marts.fact_event"):
        collect_statistics(snoop.platform, mart)
    assert (snoop.find_tenant("marts.fact_pair_game"), confirmed("marts.fact_event")) == (largest, keys)
    tables = [table for table in snoop.tables() if table.name == "marts.fact_pair_game"]
    estimates.compare_estimates(snoop.result, snoop.attacker, tables, snoop.ours)
    assert {finding.object for finding in snoop.result.findings} == {"marts.fact_pair_game"}


@pytest.mark.slow
@pytest.mark.parametrize("tenants", ["one tenant", "six tenants"])
def test_no_number_of_pages_depends_on_a_row_of_another_tenant(snoop: Snoop, tenants: str) -> None:
    """With several tenants, the planner puts more conditions before the policy."""
    conn = snoop.platform.conn
    if tenants == "six tenants":
        conn.execute(MORE_TENANTS)
    tables = snoop.tables()
    estimates.compare_pages(snoop.result, snoop.attacker, conn, tables, snoop.theirs)
    assert snoop.result.attempts > 80
    assert [str(finding) for finding in snoop.result.findings] == []
    conn.execute(OLD_POLICY)
    estimates.compare_pages(snoop.result, snoop.attacker, conn, tables, snoop.theirs)
    assert [finding.object for finding in snoop.result.findings] == ["marts.dim_person"]


@pytest.mark.slow
def test_pages_reveal_each_character_only_with_the_old_policy(snoop: Snoop) -> None:
    """The analyst reads one row of another tenant, character by character, without seeing it."""
    conn = snoop.platform.conn
    (row,) = snoop.platform.rows(
        "select ctid::text as place, person_key from marts.dim_person where tenant_id = %s limit 1",
        snoop.theirs.tenant_id,
    )
    attacker = Attacker("an analyst", snoop.attacker.conn, [], {"enable_seqscan": "off"})

    def pages(condition: str) -> int | None:
        statement = sql.SQL(f"select from marts.dim_person where ctid = '{row['place']}' and {condition}")
        return estimates.pages(snoop.result, attacker, statement)

    def read() -> str:
        found = ""
        refused = pages("person_key = ''")
        while pages(f"person_key > '{found}'") != refused:
            below, above = 32, 127
            while above - below > 1:
                middle = (below + above) // 2
                is_above = pages(f"person_key >= '{found}{chr(middle)}'") != refused
                below, above = (middle, above) if is_above else (below, middle)
            found += chr(below)
        return found

    assert read() == ""
    conn.execute(OLD_POLICY)
    assert read() == row["person_key"]


BREAKS = {
    "a statistics target": "alter table marts.dim_team alter column team_key set statistics 100",
    "statistics of a partition": "alter table mart_parts.fact_event__202601 alter column game_key set statistics -1",
    "statistics from an earlier time": (
        "alter table marts.dim_team alter column team_key set statistics 100; analyze marts.dim_team; "
        "alter table marts.dim_team alter column team_key set statistics 0"
    ),
    "extended statistics": "create statistics marts.together on tenant_id, team_key from marts.dim_team",
    "an index on an expression": "create index by_lower on marts.dim_team (tenant_id, lower(team_key))",
    "statistics of the tenants": "alter table core.tenant alter column name set statistics 10",
}


@pytest.mark.slow
def test_the_rule_finds_each_column_with_statistics(built: Platform) -> None:
    for name, statement in BREAKS.items():
        with built.conn.transaction(force_rollback=True):
            built.conn.execute(statement.encode())
            findings = broken(built.conn, RULE)
        assert len(findings) == 1, (name, [str(finding) for finding in findings])
        assert findings[0].object in statement, name


@pytest.mark.slow
@pytest.mark.parametrize("role", ["superuser", "stanchion_builder"])
def test_hidden_statistics_are_deleted(built: Platform, role: str) -> None:
    collect_statistics(built, "marts.dim_team")
    statement = "select count(*) as n from pg_stats where schemaname = 'marts' and tablename = 'dim_team'"
    (before,) = built.rows(statement)
    with built.conn.transaction():
        if role != "superuser":
            built.conn.execute(f"set local role {role}".encode())
        assert built.rows("select core.hide_statistics('marts.dim_team') as n")[0]["n"] == 4
    (after,) = built.rows(statement)
    can_delete = role == "superuser" or built.conn.info.server_version >= 180000
    assert (before["n"], after["n"]) == (4, 0 if can_delete else 4)
    assert built.rows("select core.hide_statistics('marts.dim_team') as n")[0]["n"] == 0


@pytest.fixture
def prepared(db: Db, dsn: str, tenants: dict[str, str]) -> Iterator[Callable[[], list[str]]]:
    """Return a function that executes a prepared statement of an analyst. Its plan contains the granted tenants."""
    db.execute("create role sam login password 'sam' in role stanchion_analyst")
    try:
        with psycopg.connect(psycopg.conninfo.make_conninfo(dsn, user="sam", password="sam"), autocommit=True) as conn:
            conn.execute("prepare names as select name from core.tenant order by name")
            yield lambda: [row[0] for row in conn.execute("execute names")]
    finally:
        db.execute("drop role sam")


def test_a_cached_plan_follows_the_grants(db: Db, prepared: Callable[[], list[str]]) -> None:
    def change(slug: str, statement: str) -> list[str]:
        with for_tenant(db, slug):
            db.execute(statement.encode())
        return prepared()

    assert prepared() == []
    assert change("ours", "select core.grant_analyst('sam')") == ["ours"]
    assert change("theirs", "select core.grant_analyst('sam')") == ["ours", "theirs"]
    assert change("theirs", "select core.set_tenant_status('suspended')") == ["ours"]
    assert change("theirs", "select core.set_tenant_status('active')") == ["ours", "theirs"]
    assert change("theirs", "select core.revoke_analyst('sam')") == ["ours"]


def test_a_cached_plan_returns_nothing_after_a_grant_was_deleted(db: Db, prepared: Callable[[], list[str]]) -> None:
    """The policy does not depend on functions that revoke: a row may also be deleted by hand."""
    with for_tenant(db, "ours"):
        db.execute("select core.grant_analyst('sam')")
    assert prepared() == ["ours"]
    db.execute("delete from core.analyst_grant")
    assert prepared() == []


def test_grants_made_concurrently_wait_for_each_other(db: Db, dsn: str, prepared: Any) -> None:
    answers = []

    def grant() -> None:
        with psycopg.connect(dsn) as conn, for_tenant(conn, "theirs"):
            conn.execute("select core.grant_analyst('sam')")
        answers.append("granted")

    thread = threading.Thread(target=grant)
    with for_tenant(db, "ours"):
        db.execute("select core.grant_analyst('sam')")
        thread.start()
        thread.join(0.5)
        assert answers == []
    thread.join(10)
    assert answers == ["granted"]
    assert prepared() == ["ours", "theirs"]

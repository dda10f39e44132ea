"""Features of BenchSight: one test for each row of docs/conformance.md that is "yes" or has a counterpart.

Each test is short; the test modules that it names test the feature in depth.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from stanchion.audit.rules import broken, rule_files
from stanchion.ingest.loading.run import load
from stanchion.server.connection import for_tenant
from stanchion.server.locate import Server
from tests.ingest.loading.exports import export, write
from tests.marts.platform import Platform
from tests.program import call_stanchion
from tests.sessions import Db, at_once

Tenants = dict[str, str]


@pytest.fixture
def played(tenants: Tenants, dsn: str, tmp_path: Path) -> Tenants:
    """Return the tenants after a load of one game of "ours"."""
    server = Server(dsn, "test", embedded=False, description="test")
    assert load(server, "ours", (str(write(tmp_path / "game", export())),)).state == "done"
    return tenants


def test_every_table_has_a_tenant_that_leads_its_keys(db: Db) -> None:
    rules = [path for path in rule_files() if path.stem in ("every_table_has_a_tenant", "tenant_leads_keys")]
    assert len(rules) == 2
    assert [str(finding) for finding in broken(db, *rules)] == []


@pytest.mark.parametrize("role", ["stanchion_app", "stanchion_loader"])
def test_rows_of_another_tenant_cannot_be_read_or_written(
    role: str, db: Db, played: Tenants, make_login: Callable[..., str]
) -> None:
    """Try four statements on each table with rows of the game. `stanchion audit` does this for all roles and tables."""
    tables = [
        row[0]
        for row in db.execute("select name from core.own_relation where kind = 'table' and name ~ '^(contest|landing)'")
    ]
    theirs = make_conninfo(make_login(role), options=f"-c app.tenant_id={played['theirs']}")
    full = 0
    with psycopg.connect(theirs, autocommit=True) as conn:
        for name in tables:
            table = sql.Identifier(*name.split("."))
            row = db.execute(sql.SQL("select to_jsonb(t)::text from {} as t limit 1").format(table)).fetchone()
            if row is None:
                continue
            full += 1
            copy = sql.SQL("insert into {0} select * from jsonb_populate_record(null::{0}, %s::jsonb)").format(table)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(copy, [row[0]])
            for verb in ("select * from {}", "update {} set tenant_id = tenant_id", "delete from {}"):
                try:
                    assert conn.execute(sql.SQL(verb).format(table)).rowcount == 0, (name, verb)
                except psycopg.errors.InsufficientPrivilege:
                    continue
    assert full >= 10


def test_events_are_partitioned_by_game_day(db: Db, played: Tenants, make_login: Any) -> None:
    """Write to a day before and after its partition is created, and detach it. tests/partitions tests more."""
    row = 'select to_jsonb(e) || \'{"played_on": "1999-01-01"}\' from contest.play_event as e limit 1'
    copy = "insert into contest.play_event select * from jsonb_populate_record(null::contest.play_event, %s::jsonb)"
    event = json.dumps(db.execute(row).fetchone()[0])
    loader = make_conninfo(make_login("stanchion_loader"), options=f"-c app.tenant_id={played['ours']}")
    with psycopg.connect(loader, autocommit=True) as conn:
        with pytest.raises(psycopg.errors.CheckViolation, match="no partition of relation"):
            conn.execute(copy, [event])
        assert conn.execute("select contest.ensure_game_days('{1999-01-01}')").fetchone()[0] > 0
        conn.execute(copy, [event])
    db.execute("alter table contest.play_event detach partition parts.contest__play_event__19990101 concurrently")
    assert db.execute("select count(*) from contest.play_event where played_on = '1999-01-01'").fetchone() == (0,)


def test_api_key_and_token_open_their_tenant(db: Db, played: Tenants, make_login: Callable[..., str]) -> None:
    """More tests are in tests/core/context.test.sql and api_keys.test.sql."""
    with db.transaction():
        db.execute("select set_config('app.tenant_id', %s, true)", [played["ours"]])
        (key,) = db.execute("select core.create_api_key('stats', '{read}')").fetchone()
    games = "select count(*) from contest.fixture"
    with psycopg.connect(make_login("stanchion_app"), autocommit=True) as conn:

        def seen() -> tuple[bool, int]:
            with conn.transaction():
                used = conn.execute("select count(*) = 1 from core.use_api_key(%s)", [key]).fetchone()[0]
                return used, conn.execute(games).fetchone()[0]

        assert seen() == (True, 1)
        with db.transaction():
            db.execute("select set_config('app.tenant_id', %s, true)", [played["ours"]])
            db.execute("select core.revoke_api_key('stats')")
        assert seen() == (False, 0)
        with conn.transaction():
            token = json.dumps({"app_metadata": {"tenant_id": played["ours"]}})
            conn.execute("select set_config('request.jwt.claims', %s, true)", [token])
            assert conn.execute(games).fetchone() == (1,)


def test_roles_rate_limits_and_audit_cannot_be_bypassed(
    db: Db, tenants: Tenants, make_login: Callable[..., str]
) -> None:
    """More tests are in tests/core/members.test.sql, test_limits.py and audit_log.test.sql."""
    app = make_conninfo(make_login("stanchion_app"), options=f"-c app.tenant_id={tenants['ours']}")
    with db.transaction():
        db.execute("select set_config('app.tenant_id', %s, true)", [tenants["ours"]])
        db.execute("select core.add_member('coach@example.com', 'Coach', 'viewer')")
    take = "select allowed from core.rate_limit_take('coach', 20, '1 minute')"
    answers = at_once(app, [lambda conn: [conn.execute(take).fetchone()[0] for _ in range(4)]] * 25)
    assert sum(each for session in answers for each in session) == 20
    with psycopg.connect(app, autocommit=True) as conn:
        for change in ("update core.membership set role = 'owner'", "delete from core.audit_log"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(change)
    audited = db.execute(
        "select count(*) from core.audit_log where action ~ 'member' and tenant_id = %s", [tenants["ours"]]
    )
    assert audited.fetchone() == (1,)


def test_each_job_is_leased_by_one_worker(db: Db, tenants: Tenants, make_login: Callable[..., str]) -> None:
    """No job is leased twice. tests/core/test_jobs.py also tests workers that die."""
    app = make_conninfo(make_login("stanchion_app"), options=f"-c app.tenant_id={tenants['ours']}")
    db.execute("insert into core.queue (queue, description) values ('core.reports', 'Reports')")
    with psycopg.connect(app, autocommit=True) as conn:
        for number in range(60):
            conn.execute("select core.enqueue('core.reports', jsonb_build_object('n', %s::integer))", [number])
    lease = "select payload ->> 'n' from core.lease('core.reports', %s, 10, '1 minute')"
    leased = at_once(app, [lambda conn, n=n: [r[0] for r in conn.execute(lease, [f"w{n}"])] for n in range(6)])
    assert sorted(int(number) for session in leased for number in session) == list(range(60))


def test_points_for_a_win_are_set_per_league(built: Platform) -> None:
    """Change the points of one league and keep the other. tests/marts/test_increments.py does so without a load."""
    points = "select sum(points) as n from marts.standings join core.tenant using (tenant_id) where slug = %s"
    before = {slug: built.rows(points, slug)[0]["n"] for slug in ("ours", "theirs")}
    with for_tenant(built.conn, "ours"):
        built.conn.execute("select core.set_tenant_config('contest', 'points_win', '5', '-infinity')")
    built.build()
    assert built.rows(points, "ours")[0]["n"] > before["ours"]
    assert built.rows(points, "theirs")[0]["n"] == before["theirs"]


@pytest.mark.slow
def test_league_rules_decide_how_an_export_is_read(built: Platform, tmp_path: Path) -> None:
    """Load one export for a league with three periods and overtime, and for one with two halves and no overtime."""
    file = write(tmp_path / "game", export(4711, events=54))
    rules = {"ours": ("3", "1200", "300"), "theirs": ("2", "1500", "0")}
    for slug, values in rules.items():
        with for_tenant(built.conn, slug):
            for key, text in zip(("periods", "period_seconds", "overtime_seconds"), values, strict=True):
                built.conn.execute("select core.set_tenant_config('contest', %s, %s, '-infinity')", [key, text])
        assert load(built.server, slug, (str(file),)).outcomes == {"published": 1}
    built.build()
    clocks = (
        "select period, min(elapsed_s)::integer as first from marts.fact_event join core.tenant using (tenant_id) "
        "where slug = %s and game_key = '4711' group by period order by period"
    )
    first = {slug: [row["first"] for row in built.rows(clocks, slug)] for slug in rules}
    assert first == {"ours": [180, 1380, 2580], "theirs": [480, 1980]}, "17:00 left in each period"
    counts = "select seen, accepted, rejected from landing.file join core.tenant using (tenant_id) where slug = %s"
    (ours,), (theirs,) = (built.rows(f"{counts} and game_key = '4711'", slug) for slug in rules)
    assert (ours["rejected"], theirs["rejected"]) == (0, 19), "18 events and a stint are in overtime"
    assert theirs["accepted"] + theirs["rejected"] == theirs["seen"] == ours["accepted"]


def test_league_has_pages_of_teams_players_and_games(built: Platform, tmp_path: Path) -> None:
    site = tmp_path / "site"
    outcome = call_stanchion("report", "--tenant", "ours", "--out", str(site), database_url=built.server.dsn)
    assert outcome.code == 0, outcome.err
    pages = {path.relative_to(site).parts[0] for path in site.rglob("*.html")}
    assert pages >= {"index.html", "team", "player", "game"}


def test_marts_equal_a_recount_and_store_their_age(built: Platform) -> None:
    recount = (
        "select tenant_id, game_key, count(*) as goals from contest.play_event "
        "where type = 'Goal' and detail1 = 'Goal_Scored' group by 1, 2 order by 1, 2"
    )
    kept = (
        "select tenant_id, game_key, sum(goals) as goals from marts.fact_team_game "
        "group by 1, 2 having sum(goals) > 0 order by 1, 2"
    )
    assert built.rows(kept) == built.rows(recount)
    aged = built.rows("select model from core.stat_refresh where refreshed_at > now() - interval '1 day'")
    assert {"marts.fact_team_game", "marts.fact_player_game"} <= {row["model"] for row in aged}


def test_analyst_can_work_in_a_read_only_session(analyst: Db) -> None:
    """Use a session that cannot write in place of a replica; tests/replicas reads from a real one."""
    analyst.execute("set default_transaction_read_only = on")
    assert analyst.execute("select count(*) > 0 from marts.standings").fetchone() == (True,)
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        analyst.execute("delete from marts.dim_date")

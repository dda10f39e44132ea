"""Features of SLTR: one test for each row of docs/conformance.md that is "yes" or has a counterpart.

Each test is short; the test modules that it names test the feature in depth.
"""

import json
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from stanchion.deploy import catalog
from stanchion.deploy.modules import discover
from stanchion.deploy.runner import deploy, plan_deploy, plan_revert, revert
from stanchion.paths import ROOT
from tests.sessions import Db
from tests.sql.test_recipe_rename_column import NAMES, deploy_to
from tests.sql.test_recipe_rename_column import legacy as legacy
from tests.workspace.conftest import team as team
from tests.workspace.team import Touched, acting, add_members

Tenants = dict[str, str]
FLUSH = "select workspace.flush_presence(%s)"


def send_heartbeats(conn: Db, *ids: str, ago: float = 0) -> None:
    at = datetime.now(UTC) - timedelta(seconds=ago)
    beats = [{"principal_id": each, "at": at.isoformat()} for each in ids]
    conn.execute(FLUSH, [json.dumps(beats)])


def online(conn: Db, me: str, *ids: str) -> list[str]:
    conn.execute("select set_config('app.principal_id', %s, false)", [me])
    batch = "select principal_id::text from workspace.online_batch(%s::uuid[]) where is_online order by 1"
    return [row[0] for row in conn.execute(batch, [list(ids)])]


def test_heartbeats_are_flushed_in_batches(db: Db, team: str, tenants: Tenants) -> None:
    """tests/workspace/test_presence.py tests the cost."""
    ids = add_members(db, tenants["ours"], 200)
    with psycopg.connect(team, autocommit=True) as conn:
        send_heartbeats(conn, *ids)
        assert online(conn, "", *ids) == ids


def test_presence_is_an_unlogged_table_read_by_key(db: Db, team: str, tenants: Tenants) -> None:
    kept = "select relpersistence, relnatts from pg_class where oid = 'workspace.presence'::regclass"
    assert db.execute(kept).fetchone() == ("u", 3)
    ids = add_members(db, tenants["ours"], 2_000)
    with psycopg.connect(team, autocommit=True) as conn:
        send_heartbeats(conn, *ids)
        online(conn, "", ids[0])
        with conn.transaction():
            touched = Touched(conn, "workspace.presence", "workspace.presence_pk")
            assert online(conn, "", ids[7]) == [ids[7]]
            assert sum(count["pages"] for count in touched.since().values()) <= 5


def test_online_state_follows_from_the_last_heartbeat(db: Db, team: str, tenants: Tenants) -> None:
    """tests/workspace/test_presence.py tests a crash of the server."""
    here, gone = add_members(db, tenants["ours"], 2)
    with psycopg.connect(team, autocommit=True) as conn:
        send_heartbeats(conn, here, ago=100)
        send_heartbeats(conn, gone, ago=130)
        assert online(conn, "", here, gone) == [here]
    stored = "select attname from pg_attribute where attrelid = 'workspace.presence'::regclass and attnum > 0"
    assert "is_online" not in {row[0] for row in db.execute(stored)}


def test_renamed_column_has_both_names_until_contracted(legacy: Db, team: str, tenants: Tenants) -> None:
    """tests/sql/test_recipe_rename_column.py runs all steps while other sessions write."""
    who = "00000000-0000-0000-0000-000000000001"
    deploy_to(legacy, NAMES[0])
    with psycopg.connect(team, autocommit=True) as conn:
        for written, read in (("online", "is_online"), ("is_online", "online")):
            for value in (True, False):
                conn.execute(f"update workspace.member_status set {written} = %s where principal_id = %s", [value, who])
                row = conn.execute(f"select {read} from workspace.member_status where principal_id = %s", [who])
                assert row.fetchone() == (value,)


def test_nearby_profiles_are_found_by_index(db: Db, team: str, tenants: Tenants) -> None:
    add_members(db, tenants["ours"], 3_000)
    db.execute(
        "insert into workspace.profile (tenant_id, principal_id, geohash) "
        "select tenant_id, principal_id, case when n % 2 = 0 then translate(lpad(to_hex(n), 6, '0'), 'a', 'g') end "
        "from (select *, row_number() over () as n from core.principal) as p"
    )
    db.execute("analyze workspace.profile")
    near = "select count(*) from workspace.profile where geohash >= '0001' and geohash < '0002'"
    with psycopg.connect(team, autocommit=True) as conn:
        conn.execute(near)
        with conn.transaction():
            touched = Touched(conn, "workspace.profile", "workspace.profile_near_idx")
            assert conn.execute(near).fetchone() == (128,)
            assert [count["scans"] for count in touched.since().values()] == [0, 1]


def test_online_batch_hides_blocked_and_incognito_members(db: Db, team: str, tenants: Tenants) -> None:
    a, b, c, d = add_members(db, tenants["ours"], 4)
    (stranger,) = add_members(db, tenants["theirs"], 1)
    with psycopg.connect(team, autocommit=True) as conn:
        send_heartbeats(conn, a, b, c, d, stranger)
        members = (a, b, c, d, stranger)
        conn.execute("select set_config('app.principal_id', %s, false)", [a])
        conn.execute("insert into workspace.block (blocked_id) values (%s)", [b])
        conn.execute("select set_config('app.principal_id', %s, false)", [d])
        conn.execute("insert into workspace.profile (is_incognito) values (true)")
        seen = {me: online(conn, me, *members) for me in (a, b, c, d)}
        assert seen == {a: [a, c], b: [b, c], c: [a, b, c], d: [d]}
        with pytest.raises(psycopg.errors.InvalidParameterValue, match="at most 1000"):
            online(conn, a, *[a] * 1001)


def test_module_can_be_reverted_and_deployed_again(db: Db) -> None:
    """tests/sql/test_round_trip.py does this with every module."""
    modules = discover(ROOT)
    assert all(module.revert_text.strip() for module in modules)
    before = catalog.read_catalog(db)
    revert(db, plan_revert(db, to=None, only=modules[-1].name), lambda row: None)
    deploy(db, plan_deploy(db, modules), lambda step: None)
    assert catalog.read_catalog(db) == before


@pytest.mark.slow
def test_page_of_50_000_users_reads_few_pages(db: Db, team: str, tenants: Tenants) -> None:
    ids = add_members(db, tenants["ours"], 50_000)
    db.execute(
        "insert into workspace.profile (tenant_id, principal_id) select tenant_id, principal_id from core.principal"
    )
    db.execute("vacuum analyze workspace.profile")
    page = "select p.headline from workspace.profile as p where p.principal_id > %s order by p.principal_id limit 20"
    with psycopg.connect(team, autocommit=True) as conn:
        conn.execute(page, [ids[0]])
        with conn.transaction():
            touched = Touched(conn, "workspace.profile", "workspace.profile_pk")
            assert len(conn.execute(page, [ids[25_000]]).fetchall()) == 20
            counts = touched.since()
    assert counts["workspace.profile"]["scans"] == 0
    assert sum(count["pages"] for count in counts.values()) <= 30


def test_ended_subscription_grants_nothing(db: Db, team: str, tenants: Tenants) -> None:
    """tests/workspace/usage.test.sql tests the exact second, with a clock of its own."""
    db.execute("insert into workspace.plan_feature values ('team', 'video')")
    with acting(db, tenants["ours"]):
        subscription = db.execute("select workspace.subscribe('team')").fetchone()[0]
    with psycopg.connect(team, autocommit=True) as conn:
        assert conn.execute("select workspace.entitled('video')").fetchone() == (True,)
        with acting(db, tenants["ours"]):
            db.execute("select workspace.end_subscription(%s)", [subscription])
        assert conn.execute("select workspace.entitled('video')").fetchone() == (False,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("update workspace.subscription set period = '[,)'")


def test_favourites_are_visible_to_their_owner_only(db: Db, team: str, tenants: Tenants) -> None:
    me, other = add_members(db, tenants["ours"], 2)
    with psycopg.connect(team, autocommit=True) as conn:
        conn.execute("select set_config('app.principal_id', %s, false)", [me])
        conn.execute("insert into workspace.favourite (favourite_id) values (%s)", [other])
        for principal, seen in ((me, 1), (other, 0), ("", 0)):
            conn.execute("select set_config('app.principal_id', %s, false)", [principal])
            assert conn.execute("select count(*) from workspace.favourite").fetchone() == (seen,)


def test_default_thresholds_raise_alerts(db: Db, team: str) -> None:
    thresholds = dict(db.execute("select name, threshold from ops.threshold").fetchall())
    assert (thresholds["connections"], thresholds["response_time"]) == (80, 500)
    alerts = "select name from ops.alert where name = 'response_time'"
    with psycopg.connect(team, autocommit=True) as conn:
        conn.execute("select ops.record_metric('response_time', 500)")
        assert db.execute(alerts).fetchall() == []
        conn.execute("select ops.record_metric('response_time', 501) from generate_series(1, 20)")
        assert db.execute(alerts).fetchall() == [("response_time",)]


def test_ci_runs_every_check_of_the_checklist() -> None:
    run, make = ((ROOT / name).read_text(encoding="utf-8") for name in (".ci/run", "Makefile"))
    assert "make test" in run and "make lint" in run
    for part in ("ruff check", "mypy", "squawk", "sqlfluff", "pytest"):
        assert part in make
    for suite in ("sql/test_round_trip.py", "audit/test_isolation.py", "sql/test_plans.py"):
        assert (ROOT / "tests" / suite).is_file()

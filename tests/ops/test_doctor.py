"""stanchion doctor prints the thresholds of the database; with --strict an alert sets the exit code to 1."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from stanchion.ops.check import run_check
from stanchion.paths import queries
from tests.sessions import Db

Run = Callable[..., Any]


@pytest.mark.slow
def test_alert_makes_doctor_strict_fail(db: Db, call: Run) -> None:
    def alerts() -> dict[str, list[Any]]:
        doctor = call("doctor", "--json")
        assert doctor.code == 0
        return {check["promise"]: check["alerts"] for check in json.loads(doctor.out)}

    room = "The server has room for more connections."
    before = alerts()
    assert before[room] == before["Responses are fast enough."] == []
    db.execute("update ops.threshold set threshold = 0 where name = 'connections'")
    after = alerts()
    assert after.keys() == before.keys()
    (alert,) = after[room]
    assert alert["problem"].endswith(" connections are in use.")
    strict = call("doctor", "--strict")
    assert strict.code == 1
    assert "connections are in use. Put a transaction pooler in front" in strict.out


@pytest.mark.slow
def test_old_stats_are_an_alert_after_tenants_change(db: Db, tenants: dict[str, str], call: Run) -> None:
    stale = "tenants have changed since"
    assert stale not in call("doctor").out
    long_ago = datetime.now(UTC) - timedelta(hours=2)
    db.execute("insert into workspace.tenant_state values (%s, 1, %s)", [tenants["ours"], long_ago])
    assert f"The tenant statistics were never computed, and {stale}" in call("doctor").out
    refreshed = call("stats", "refresh")
    assert refreshed.code == 0, refreshed.err
    assert refreshed.out.startswith("2 tenants in ")
    assert stale not in call("doctor").out
    ages = json.loads(call("stats", "age", "--json").out)
    assert [row["name"] for row in ages] == ["workspace.tenant_stats"]
    assert ages[0]["age_s"] < 60
    assert db.execute("select count(*) > 50 from ops.table_size").fetchone() == (True,)


def test_stats_refresh_watch_repeats_until_sigterm(db: Db, dsn: str, tenants: dict[str, str]) -> None:
    program = [Path(sys.executable).with_name("stanchion"), "stats", "refresh", "--watch", "--every", "1", "--json"]
    with ExitStack() as stack:
        watch = stack.enter_context(
            subprocess.Popen(program, stdout=subprocess.PIPE, text=True, env=os.environ | {"DATABASE_URL": dsn})
        )
        stack.callback(watch.kill)  # or a failure below would wait for its end
        assert watch.stdout
        first = json.loads(watch.stdout.readline())
        db.execute("select core.create_tenant('third', 'Third', 'team')")
        later = first
        until = time.monotonic() + 60
        while later["tenants"] < 3 and time.monotonic() < until:
            later = json.loads(watch.stdout.readline())
        watch.send_signal(signal.SIGTERM)
        watch.stdout.read()
        assert watch.wait(60) == 0
    assert (first["tenants"], later["tenants"]) == (2, 3)
    assert later["refreshed_at"] > first["refreshed_at"]


def test_stats_refresh_refuses_an_application_login(db: Db, make_login: Callable[..., str], call: Run) -> None:
    refused = call("stats", "refresh", database_url=make_login("stanchion_app"))
    assert refused.code == 1
    assert "Traceback" not in refused.err
    assert "operator" in refused.err or "stanchion_owner" in refused.err


def test_readers_do_not_wait_for_a_refresh(db: Db, dsn: str, tenants: dict[str, str]) -> None:
    db.execute("select workspace.refresh_stats()")
    with psycopg.connect(dsn) as refreshing, psycopg.connect(dsn, autocommit=True) as reading:
        refreshing.execute("select workspace.refresh_stats()")  # not committed yet
        reading.execute("set lock_timeout = '10s'")  # the refresh never ends, nor would a wait for it
        assert reading.execute("select count(*) from hidden.tenant_stats").fetchone() == (2,)


ROUNDS = (
    "2025-02-13",
    "2025-05-08",
    "2025-08-14",
    "2025-11-13",
    "2026-02-12",
    "2026-05-14",
    "2026-08-13",
    "2026-11-12",
)


@pytest.mark.parametrize(
    ("version", "alert"),
    [
        (180007, None),
        (180008, None),
        (180006, ("2026-11-12", "18.7")),
        (180004, ("2026-08-13, 2026-11-12", "18.7")),
        (150018, ("2026-08-13, 2026-11-12", "15.20")),
        (150020, None),
        (
            170000,
            ("2025-02-13, 2025-05-08, 2025-08-14, 2025-11-13, 2026-02-12, 2026-05-14, 2026-08-13, 2026-11-12", "17.12"),
        ),
        (190000, None),
    ],
)
def test_missing_security_fix_is_an_alert(deployed_db: Db, version: int, alert: tuple[str, str] | None) -> None:
    text = queries("ops/checks.sql")["security_fixes"].replace("current_setting('server_version_num')", f"'{version}'")
    alerts = [(found.problem, found.remedy) for found in run_check(deployed_db, text).alerts]
    if alert is None:
        assert alerts == []
        return
    rounds, fixed = alert
    ((problem, remedy),) = alerts
    assert f" lacks the security fixes of {rounds}, which are in {fixed}." in problem
    assert remedy.startswith(f"Install Postgres {fixed} or newer")


def test_security_fixes_of_this_server_are_checked(deployed_db: Db) -> None:
    version = deployed_db.info.server_version
    newest = {15: 20, 16: 16, 17: 12, 18: 7}[version // 10000]
    check = run_check(deployed_db, queries("ops/checks.sql")["security_fixes"])
    assert bool(check.alerts) == (version % 10000 < newest)

"""The demo fills a new database, a second run changes nothing, and no process keeps running."""

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from stanchion.paths import ROOT
from stanchion.server.embedded import Embedded
from tests.conftest import Outcome, run_stanchion
from tests.docs.conftest import Demo


def servers_of(home: Path) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # the process has ended
            found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return [line for line in found if "postgres" in line and str(home) in line]


def rows_written(home: Path) -> dict[str, int]:
    """Return the number of rows written to each table since the database was created."""
    with Embedded(home) as server, psycopg.connect(server.dsn()) as conn:
        counted = conn.execute(
            "select schemaname || '.' || relname, n_tup_ins + n_tup_upd + n_tup_del from pg_stat_user_tables"
        )
        return dict(counted.fetchall())


def is_missing_fix(alert: dict[str, str]) -> bool:
    """Return whether the alert is about a security fix that the embedded server does not have yet."""
    return "lacks the security fixes of" in alert["problem"]


@pytest.mark.slow
def test_the_demo_fills_a_new_database(prepared: Demo) -> None:
    first = prepared.outcome
    assert "40 games loaded." in first.out
    for league in ("Harbour League", "Lakeside Cup"):
        shown = first.out.partition(league)[2].partition("Lakeside Cup")[0]
        standings, leaders, left_out = (
            shown.partition("Most points")[0],
            *shown.partition("Most points")[2].split("Left out"),
        )
        assert len([line for line in standings.splitlines() if line[:1].isdigit()]) == 5
        assert len([line for line in leaders.splitlines() if line[:1].isdigit()]) == 5
        assert "official 1-0." in left_out
    assert "embedded Postgres" in first.err
    assert servers_of(prepared.folder / "home") == []


@pytest.mark.slow
def test_a_second_demo_changes_nothing(prepared: Demo, home: Path) -> None:
    def run(*args: str) -> Outcome:
        return run_stanchion(*args, STANCHION_HOME=str(home), DBT_TARGET_PATH=prepared.target)

    before = rows_written(home)
    second = run("demo")
    after = rows_written(home)
    assert "Every module is already deployed." in second.out
    assert "The marts already contain every game." in second.out
    assert (
        second.out.partition("Harbour")[2].partition("Finished")[0]
        == prepared.outcome.out.partition("Harbour")[2].partition("Finished")[0]
    )
    # only the temporary analyst and its entries in the log are written
    written = {table for table, rows in after.items() if rows != before.get(table)}
    assert {table.partition("__2")[0] for table in written} == {"core.analyst_grant", "parts.core__audit_log"}
    listed = run("tenant", "list", "--json").out
    assert listed.count('"slug"') == 2
    assert {job["state"] for job in json.loads(run("jobs", "list", "--limit", "1000", "--json").out)} == {"done"}

    doctor = run("doctor", "--strict", "--json")
    alerts = [alert for check in json.loads(doctor.out) for alert in check["alerts"]]
    assert [alert for alert in alerts if not is_missing_fix(alert)] == []
    assert doctor.code == len(alerts)  # 0 without an alert, 1 with the alert about security fixes
    assert run("down", "--purge", "--yes").code == 0
    assert not home.exists()


@pytest.mark.slow
@pytest.mark.parametrize("minutes", [6, 20])
def test_doctor_has_no_alert_minutes_after_the_demo(minutes: int, home: Path) -> None:
    """The clock of the database is set forward instead of waiting."""
    clock = (ROOT / "sql" / "core" / "time" / "clock.sql").read_text(encoding="utf-8")
    later = clock.replace("return clock_timestamp()", f"return clock_timestamp() + interval '{minutes} minutes'")
    assert later != clock
    with Embedded(home) as server, psycopg.connect(server.dsn(), autocommit=True) as conn:
        assert conn.execute("select from core.job").fetchall() == [], "jobs were left for a worker"
        conn.execute(later.encode())
        # as every night, because the clock may have passed midnight
        assert run_stanchion("partitions", "ensure", STANCHION_HOME=str(home)).code == 0
        doctor = run_stanchion("doctor", "--json", STANCHION_HOME=str(home))
    alerts = [alert for check in json.loads(doctor.out) for alert in check["alerts"]]
    by_hand = "Changed by hand: "  # the clock
    assert [alert for alert in alerts if not (is_missing_fix(alert) or alert["problem"].startswith(by_hand))] == []


def test_a_configured_server_needs_a_confirmation(stanchion: Callable[..., Any], db: psycopg.Connection[Any]) -> None:
    refused = stanchion("demo")
    assert refused.code == 1
    assert "not a terminal" in refused.err
    assert db.execute("select count(*) from core.tenant").fetchone() == (0,)  # test_wheel.py runs the demo with --yes

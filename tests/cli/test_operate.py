"""The platform's periodic work runs from one worker: once per time, in one process at a time, and visibly."""

import json
import signal
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import psycopg

from stanchion.ops.stats import _LOCK
from tests import program
from tests.program import running_worker
from tests.sessions import Db

Run = Callable[..., Any]
LEASED = "exists (select from core.operation_run where state = 'leased')"
KINDS = {"stanchion.build", "stanchion.partitions", "stanchion.sessions", "stanchion.stats"}
wait_for = partial(program.wait_for, seconds=120)  # runs are processes, which start a command line and dbt


def only(db: Db, kind: str) -> None:
    """Leave one kind due, so that a worker runs nothing else."""
    db.execute("update core.operation set is_enabled = kind = %s", [kind])


def make_due(db: Db) -> None:
    db.execute("update core.operation set next_at = date_trunc('minute', now()) - interval '3 days'")


def runs(db: Db) -> list[tuple[str, str, int]]:
    return db.execute("select kind, state, attempts from core.operation_run order by run_id").fetchall()


def test_one_worker_runs_all_the_work_and_shows_it(db: Db, dsn: str, call: Run) -> None:
    db.execute("select core.create_tenant('ours', 'Ours', 'league')")
    with running_worker(dsn, "run", "--operate", "--json") as process:
        wait_for(db, "(select count(distinct kind) = 4 from core.operation_run where state in ('done', 'dead'))")
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    lines = [json.loads(line) for line in out.splitlines()]
    done = {line["queue"]: line["outcome"] for line in lines if "outcome" in line}
    assert done == dict.fromkeys(KINDS, "done"), out
    assert db.execute("select count(*) from hidden.tenant_stats").fetchone() == (1,)
    db.execute("update core.operation set is_enabled = false")
    listed = json.loads(call("jobs", "list", "--json").out)
    assert {(row["queue"], row["tenant"], row["state"]) for row in listed} == {(kind, None, "done") for kind in KINDS}
    shown = call("jobs", "show", str(listed[0]["job"]))
    assert f"Job {listed[0]['job']} of {listed[0]['queue']} is done." in shown.out
    assert {row["name"] for row in json.loads(call("jobs", "schedule", "list", "--json").out)} == KINDS
    assert call("worker", "operate").out == "0 done.\n"  # nothing is due
    cancelled = call("jobs", "cancel", str(listed[0]["job"]))
    assert (cancelled.code, "pause it with: stanchion jobs schedule pause" in cancelled.out) == (1, True)


def test_two_workers_never_run_the_same_work_at_once(db: Db, dsn: str, call: Run) -> None:
    only(db, "stanchion.stats")
    make_due(db)
    db.execute("select pg_advisory_lock(%s)", [_LOCK])  # the refresh waits for this lock
    with (
        running_worker(dsn, "run", "--operate", "--poll", "0.1") as first,
        running_worker(dsn, "run", "--operate", "--poll", "0.1"),
    ):
        wait_for(db, LEASED)
        make_due(db)  # the next time passes while the run works
        assert call("worker", "operate", "stanchion.stats").out.endswith("0 done.\n")
        time.sleep(1)  # ten polls of each worker
        assert runs(db) == [("stanchion.stats", "leased", 1)]
        first.kill()
        first.wait()
        time.sleep(0.5)
        # the run is a process of its own, so it goes on without its worker
        assert runs(db) == [("stanchion.stats", "leased", 1)]
        db.execute("delete from core.operation_run where state = 'done'")
        db.execute("update core.operation set next_at = next_at + interval '1 minute'")  # another time than the first
        db.execute("select pg_advisory_unlock(%s)", [_LOCK])
        wait_for(db, "(select count(*) = 2 from core.operation_run where state = 'done')")
        assert db.execute("select next_at > now() from core.operation where is_enabled").fetchone() == (True,)
        assert runs(db) == [("stanchion.stats", "done", 1)] * 2  # 3 days of missed times are one run


def test_a_killed_run_is_leased_again_until_it_is_dead(db: Db, dsn: str, call: Run) -> None:
    only(db, "stanchion.stats")
    db.execute("select pg_advisory_lock(%s)", [_LOCK])
    for attempt in (1, 2, 3):
        with running_worker(dsn, "operate", "stanchion.stats") as process:
            wait_for(db, f"(select coalesce(max(attempts), 0) = {attempt} from core.operation_run)")
            process.kill()
        wait_for(db, "(select count(*) = 1 from core.due_operations())")  # the lock ends with the session
    db.execute("select pg_advisory_unlock(%s)", [_LOCK])
    assert call("worker", "operate").code == 0
    assert runs(db) == [("stanchion.stats", "dead", 3)]
    (row,) = json.loads(call("jobs", "list", "--state", "dead", "--json").out)
    assert row["last_error"] == "its process ended before the run was complete"
    alerts = alerts_of(call, "operations")
    assert len(alerts) == 1
    assert f"stanchion jobs retry {row['job']}" in alerts[0]["remedy"]
    assert call("jobs", "retry", str(row["job"])).code == 0
    assert call("worker", "operate").out.endswith("1 done.\n")
    assert alerts_of(call, "operations") == []


def test_a_failed_run_is_retried_with_its_reason(db: Db, dsn: str, call: Run, make_login: Callable[..., str]) -> None:
    only(db, "stanchion.sessions")
    dba = make_login("stanchion_dba")
    failed = call("worker", "operate", database_url=dba)
    assert failed.code == 1
    assert "may not end sessions of other logins" in failed.out
    assert runs(db) == [("stanchion.sessions", "dead", 1)]
    only(db, "stanchion.stats")
    db.execute("alter function workspace.refresh_stats() rename to broken")
    assert call("worker", "operate", database_url=dba).code == 1
    assert runs(db)[1] == ("stanchion.stats", "ready", 1)
    assert call("worker", "operate", database_url=dba).code == 0  # waits for its next attempt
    db.execute("alter function workspace.broken() rename to refresh_stats")
    db.execute("update core.operation_run set run_at = now()")
    assert call("worker", "operate", database_url=dba).code == 0
    assert runs(db)[1] == ("stanchion.stats", "done", 2)


def test_other_logins_and_unknown_work_are_refused(db: Db, call: Run, make_login: Callable[..., str]) -> None:
    for args in (["run", "--operate", "--once"], ["operate"]):
        outcome = call("worker", *args, database_url=make_login("stanchion_worker"))
        assert outcome.code == 1
        assert "stanchion login add NAME --as dba" in outcome.err
    unknown = call("worker", "operate", "x")
    assert (unknown.code, "The platform has no work 'x'" in unknown.err) == (1, True)


def test_late_work_is_an_alert(db: Db, tenants: dict[str, str], call: Run) -> None:
    assert alerts_of(call, "schedules") == []  # work that was never run from a worker is not late
    make_due(db)
    with db.transaction():
        db.execute("select set_config('app.tenant_id', %s, true)", [tenants["ours"]])
        db.execute("select core.schedule_job('mine', 'stock.orders', '@daily')")
        db.execute("update core.periodic_job set next_at = now() - interval '1 hour'")
    problems = [alert["problem"] for alert in alerts_of(call, "schedules")]
    assert len(problems) == 5
    assert any(problem.startswith("The periodic job mine of ours was due at") for problem in problems)
    db.execute("update core.operation set is_enabled = false")
    assert len(alerts_of(call, "schedules")) == 1


def alerts_of(call: Run, check: str) -> list[dict[str, str]]:
    checks = {each["id"]: each["alerts"] for each in json.loads(call("doctor", "--json").out)}
    return checks[check]


def test_a_time_is_run_once_after_the_clock_was_set_back(db: Db, dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn:
        db.execute("update core.operation set next_at = '2026-01-01 00:00+00' where kind = 'stanchion.stats'")
        lease = "select * from core.lease_operation('stanchion.stats', 'me')"
        (run, attempt) = conn.execute(lease).fetchone()
        conn.execute("select core.finish_operation(%s, %s, null)", [run, attempt])
        db.execute("update core.operation set next_at = '2026-01-01 00:00+00' where kind = 'stanchion.stats'")
        assert conn.execute(lease).fetchone() is None
        assert conn.execute("select core.finish_operation(%s, %s, null)", [run, attempt]).fetchone() == (None,)

"""Periodic jobs are managed on the command line, and each time is run once, also with many workers and after a kill."""

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.sessions import Db, at_once

Run = Callable[..., Any]
NIGHTLY = ("jobs", "schedule", "add", "nightly", "--tenant", "ours", "--queue", "public.mail")


@pytest.fixture
def tenant(db: Db, tenants: dict[str, str]) -> str:
    db.execute("insert into core.queue (queue, description) values ('public.mail', 'Mail')")
    return tenants["ours"]


def make_due(db: Db, ago: str = "3 days") -> None:
    """Move the next run of every periodic job into the past, as if no worker had run since."""
    db.execute("update core.periodic_job set next_at = date_trunc('minute', now()) - %s::interval", [ago])
    db.execute(
        "update core.job as j set run_at = p.next_at, payload = jsonb_build_object('name', p.name, 'slot', p.next_at), "
        "dedupe_key = null "
        "from core.periodic_job as p where j.queue = 'core.periodic' and j.tenant_id = p.tenant_id"
    )


def mails(db: Db) -> int:
    return int(db.execute("select count(*) from core.job where queue = 'public.mail'").fetchone()[0])


def test_periodic_jobs_are_added_listed_paused_and_removed(db: Db, tenant: str, call: Run) -> None:
    added = call(*NIGHTLY, "--cron", "30 2 * * *", "--zone", "Europe/Berlin", "--payload", '{"of": "day"}')
    assert added.code == 0, added.err
    assert added.out.startswith("nightly runs next at 20")
    (row,) = json.loads(call("jobs", "schedule", "list", "--tenant", "ours", "--json").out)
    assert (row["name"], row["cron"], row["zone"], row["queue"]) == (
        "nightly",
        "30 2 * * *",
        "Europe/Berlin",
        "public.mail",
    )
    assert row["state"] == "enabled"
    assert row["next_at"]
    hostile = 'x"; drop table core.job; --\x1b[31m'
    assert call(*NIGHTLY[:3], hostile, *NIGHTLY[4:], "--cron", "@hourly").code == 0
    assert "\x1b[31m" not in call("jobs", "schedule", "list").out
    assert call("jobs", "schedule", "pause", hostile, "--tenant", "ours").code == 0
    assert call("jobs", "schedule", "remove", hostile, "--tenant", "ours").code == 0
    paused = call("jobs", "schedule", "pause", "nightly", "--tenant", "ours")
    assert (paused.code, paused.out) == (0, "nightly is paused.\n")
    make_due(db)
    assert call("worker", "run", "--once").code == 0
    assert mails(db) == 0
    assert call("jobs", "schedule", "resume", "nightly", "--tenant", "ours").code == 0
    assert call("jobs", "schedule", "remove", "nightly", "--tenant", "ours").code == 0
    assert db.execute("select count(*) from core.job").fetchone() == (0,)
    assert json.loads(call("jobs", "schedule", "list", "--tenant", "ours", "--json").out) == []


def test_bad_input_gets_one_sentence(tenant: str, call: Run) -> None:
    for args, expected in (
        ([*NIGHTLY, "--cron", "61 * * * *"], 'the minute "61" of the cron expression is invalid'),
        ([*NIGHTLY, "--cron", "@daily", "--zone", "Mars/Base"], "the time zone Mars/Base does not exist"),
        ([*NIGHTLY, "--cron", "@daily", "--payload", "[]"], "--payload is [], expected a JSON object"),
        ([*NIGHTLY[:-1], "no.such", "--cron", "@daily"], "queue no.such does not exist"),
        ([*NIGHTLY[:5], "nobody", *NIGHTLY[6:], "--cron", "@daily"], "Tenant 'nobody' does not exist"),
        (["jobs", "schedule", "remove", "x", "--tenant", "ours"], "ours has no periodic job 'x'"),
        (["jobs", "schedule", "pause", "x"], "The platform has no work 'x'; expected one of stanchion.build"),
        (["jobs", "schedule", "add", "stanchion.build", "--cron", "* * *"], "has 3 fields, expected 5"),
        (["jobs", "schedule", "next", "0 0 30 2 *"], "selects no day"),
    ):
        outcome = call(*args)
        assert outcome.code == 1, args
        assert expected in outcome.err, outcome.err
        assert "Traceback" not in outcome.err
    assert call(*NIGHTLY[:6], "--cron", "@daily").code == 2
    assert call("jobs", "schedule", "add", "stanchion.build", "--cron", "@daily", "--payload", "{1}").code == 2


def test_the_next_times_are_printed(db: Db, call: Run) -> None:
    times = json.loads(call("jobs", "schedule", "next", "0 12 * * *", "--zone", "Asia/Kathmandu", "--json").out)
    assert len(times) == 5
    assert all("T06:15:00" in at for at in times)


def test_many_workers_catch_up_with_one_run(db: Db, tenant: str, call: Run, make_login: Callable[..., str]) -> None:
    assert call(*NIGHTLY, "--cron", "0 * * * *").code == 0
    make_due(db)
    due = db.execute("select next_at from core.periodic_job").fetchone()[0]
    db.execute(  # as if a worker and a retry had enqueued the same time again
        "insert into core.job (tenant_id, queue, payload, run_at, enqueued_at, actor) "
        "select tenant_id, queue, payload, run_at, enqueued_at, actor from core.job, generate_series(1, 20)"
    )

    def work(conn: Db) -> int:
        conn.execute("select set_config('app.tenant_id', %s, false)", [tenant])
        count = 0
        while lease := conn.execute("select lease_id from core.lease('core.periodic', 'me', 1)").fetchone():
            with conn.transaction():
                count += conn.execute("select core.enqueue_periodic(%s)", [lease[0]]).fetchone()[0]
                conn.execute("select core.complete(%s)", [lease[0]])
        return count

    assert sum(at_once(make_login("stanchion_worker"), [work] * 8)) == 1
    assert mails(db) == 1
    last, later = db.execute("select last_at, next_at > now() from core.periodic_job").fetchone()
    assert (last, later) == (due, True)
    assert db.execute("select count(*) from core.job where queue = 'core.periodic'").fetchone() == (1,)


def test_a_worker_that_is_killed_in_the_handler_loses_no_run(
    db: Db, tenant: str, call: Run, make_login: Callable[..., str]
) -> None:
    assert call(*NIGHTLY, "--cron", "0 * * * *").code == 0
    make_due(db)
    with psycopg.connect(make_login("stanchion_worker"), autocommit=True) as conn:
        conn.execute("select set_config('app.tenant_id', %s, false)", [tenant])
        (lease,) = conn.execute("select lease_id from core.lease('core.periodic', 'me', 1)").fetchone()
        conn.execute("begin")
        assert conn.execute("select core.enqueue_periodic(%s)", [lease]).fetchone() == (1,)
        db.execute("select pg_terminate_backend(%s)", [conn.info.backend_pid])
        with pytest.raises(psycopg.OperationalError):
            conn.execute("commit")
    assert mails(db) == 0
    db.execute("update core.job set leased_until = now()")
    assert call("worker", "run", "--once").code == 0  # releases the job, which waits for its backoff
    db.execute("update core.job set run_at = now() where lease_id is null and attempts > 0")
    assert call("worker", "run", "--once").code == 0
    assert mails(db) == 1


def test_an_application_schedules_for_its_own_tenant_only(
    db: Db, tenant: str, tenants: dict[str, str], login: str
) -> None:
    with psycopg.connect(login, autocommit=True) as conn:
        conn.execute("select core.schedule_job('mine', 'public.mail', '@daily')")
        conn.execute("select set_config('app.tenant_id', %s, false)", [tenants["theirs"]])
        assert conn.execute("select count(*) from core.periodic_job").fetchone() == (0,)
        for statement in ("select * from core.operation", "select core.lease_operation('stanchion.build', 'me')"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(statement)
    rows = db.execute("select tenant_id::text, name from core.periodic_job").fetchall()
    assert rows == [(tenant, "mine")]


def test_two_sessions_do_not_exceed_the_limit(db: Db, tenant: str, login: str) -> None:
    with db.transaction():
        db.execute("select set_config('app.tenant_id', %s, true)", [tenant])
        db.execute("select core.set_tenant_config('jobs', 'periodic_jobs', '3')")

    def add(name: str) -> Callable[[Db], bool]:
        def schedule(conn: Db) -> bool:
            try:
                conn.execute("select core.schedule_job(%s, 'public.mail', '@daily')", [name])
            except psycopg.errors.ProgramLimitExceeded:
                return False
            return True

        return schedule

    assert sum(at_once(login, [add(f"job {number}") for number in range(8)])) == 3

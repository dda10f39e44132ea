"""Operators list, show, retry and cancel jobs of every tenant. A job that a worker runs is never cancelled."""

import json
from collections.abc import Callable
from threading import Thread
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.sessions import Db, wait_for_waiting

Run = Callable[..., Any]


@pytest.fixture
def tenant(db: Db, tenants: dict[str, str]) -> str:
    db.execute(
        "insert into core.queue (queue, batch, attempts, description) values ('public.mail', 10, 1, 'Mail'), "
        "('public.other', 10, 1, 'Others')"
    )
    return tenants["ours"]


def enqueue(db: Db, tenant: str, queue: str = "public.mail", payload: str = "{}") -> int:
    with db.transaction():
        db.execute("select set_config('app.tenant_id', %s, true)", [tenant])
        return int(db.execute("select core.enqueue(%s, %s)", [queue, payload]).fetchone()[0])


def die(db: Db, tenant: str, queue: str = "public.mail", error: str = "It broke.") -> None:
    """Let a worker lease the jobs of the queue and fail them for the last time."""
    with db.transaction():
        db.execute("select set_config('app.tenant_id', %s, true)", [tenant])
        lease = db.execute("select lease_id from core.lease(%s, 'a worker', 10)", [queue]).fetchone()[0]
        db.execute("select core.fail(%s, %s)", [lease, error])


def states(db: Db) -> dict[int, str]:
    return dict(db.execute("select job_id, state from core.job_state").fetchall())


def audited(db: Db) -> list[tuple[str, str]]:
    return db.execute("select action, subject from core.audit_log where action like 'job.%' order by 1, 2").fetchall()


def test_jobs_of_all_tenants_are_listed_and_shown(db: Db, tenants: dict[str, str], tenant: str, call: Run) -> None:
    first = enqueue(db, tenant, payload='{"to": "a\\u001b[31m"}')
    die(db, tenant, error="no \x1b[31mroute")
    second = enqueue(db, tenants["theirs"], "public.other")
    listed = json.loads(call("jobs", "list", "--json").out)
    assert [(row["job"], row["tenant"], row["state"]) for row in listed] == [
        (second, "theirs", "ready"), (first, "ours", "dead")
    ]  # fmt: skip
    for args, expected in (
        (["--tenant", "ours"], [first]), (["--state", "ready"], [second]), (["--queue", "public.mail"], [first]),
        (["--limit", "1"], [second]), (["--state", "leased"], []),
    ):  # fmt: skip
        assert [row["job"] for row in json.loads(call("jobs", "list", "--json", *args).out)] == expected, args
    shown = call("jobs", "show", str(first))
    assert shown.code == 0, shown.err
    assert f"Job {first} of ours is dead." in shown.out
    assert "\x1b" not in shown.out.replace("\x1b[1m", "").replace("\x1b[0m", "")
    assert "route" in shown.out
    assert json.loads(call("jobs", "show", str(first), "--json").out)[0]["facts"]["payload"] == {"to": "a\x1b[31m"}
    stats = {row["queue"]: row for row in json.loads(call("jobs", "stats", "--json").out)}
    assert (stats["public.mail"]["dead"], stats["public.other"]["ready"]) == (1, 1)
    unknown = call("jobs", "show", "999999")
    assert (unknown.code, "No job has the id 999999" in unknown.err) == (1, True)
    assert call("jobs", "show", str(first), "--tenant", "theirs").code == 1
    assert "Queue 'x' does not exist. The queues: " in call("jobs", "list", "--queue", "x").err


def test_dead_jobs_are_retried_and_others_are_not(db: Db, tenants: dict[str, str], tenant: str, call: Run) -> None:
    dead = [enqueue(db, tenant) for _ in range(3)]
    die(db, tenant)
    ready = enqueue(db, tenant)
    done = call("jobs", "retry", str(dead[0]), str(ready))
    assert done.code == 1
    assert f"Job {dead[0]} of ours is ready again." in done.out
    assert f"Job {ready} of ours is not changed: it is not dead." in done.out
    other = enqueue(db, tenants["theirs"], "public.other")
    die(db, tenants["theirs"], "public.other")
    assert call("jobs", "retry", "--dead", "--queue", "public.mail").code == 0
    assert states(db) == {**dict.fromkeys([*dead, ready], "ready"), other: "dead"}
    assert call("jobs", "retry", "--dead", "--tenant", "ours").out.strip() == "No job is dead."
    assert audited(db) == sorted(("job.revive", str(job)) for job in dead)
    die(db, tenant)
    db.execute("update core.job_dead set dedupe_key = 'the key' where job_id = any(%s)", [dead[:2]])
    both = call("jobs", "retry", *map(str, dead))
    assert both.code == 1
    assert f"Job {dead[1]} of ours is not changed: another job with its key waits." in both.out
    assert [states(db)[job] for job in dead] == ["ready", "dead", "ready"]
    for args in ([], ["1", "--dead"], ["1", "--queue", "public.mail"]):
        assert call("jobs", "retry", *args).code == 2, args


def test_waiting_and_dead_jobs_are_cancelled_and_a_running_one_is_not(db: Db, tenant: str, call: Run, dsn: str) -> None:
    dead = enqueue(db, tenant)
    die(db, tenant)
    ready, raced = enqueue(db, tenant), enqueue(db, tenant, "public.other")
    assert call("jobs", "cancel", str(ready), str(dead)).code == 0
    assert audited(db) == sorted([("job.cancel", str(ready)), ("job.cancel", str(dead))])
    with psycopg.connect(make_conninfo(dsn)) as worker:  # leases the job in a transaction that is still open
        worker.execute("select set_config('app.tenant_id', %s, true)", [tenant])
        worker.execute("select core.lease('public.other', 'a worker', 10)")
        outcomes: list[Any] = []
        cancelling = Thread(target=lambda: outcomes.append(call("jobs", "cancel", str(raced))))
        cancelling.start()
        wait_for_waiting(db, 1)
        worker.commit()
        cancelling.join(60)
    assert outcomes[0].code == 1
    assert f"Job {raced} of ours is not changed: a worker runs it" in outcomes[0].out
    assert states(db) == {raced: "leased"}
    assert db.execute("select count(*) from core.job").fetchone() == (1,)

"""A job worker runs the jobs of each tenant as that tenant, ends on SIGTERM, and prints the outcomes."""

import json
import signal
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import psycopg
import pytest

from tests.program import running_worker, wait_for
from tests.sessions import Db

MAKE = """
    create table public.noted (job_id bigint, tenant_id uuid, request_id text);
    create function public.note(p_lease uuid) returns void language plpgsql security definer as $$
    begin
        insert into public.noted
        select j.job_id, core.current_tenant(), nullif(current_setting('app.request_id', true), '')
        from core.job as j where j.lease_id = p_lease;
        perform pg_advisory_xact_lock(1) from core.job as j where j.lease_id = p_lease and j.payload ? 'wait';
        if exists (select from core.job as j where j.lease_id = p_lease and j.payload ? 'poison') then
            raise exception 'this one is poison';
        end if;
    end $$;
    insert into core.queue (queue, handler, batch, attempts, backoff, description)
    values ('public.note', 'public.note', 10, 2, '0.1 s', 'Notes')
"""


@pytest.fixture
def worker(db: Db, make_login: Callable[..., str], stanchion: Callable[..., Any]) -> Callable[..., Any]:
    db.execute(MAKE)
    login = make_login("stanchion_worker")

    def run(*args: str, **options: Any) -> Any:
        return stanchion("worker", *args, **({"database_url": login} | options))

    run.login = login  # type: ignore[attr-defined]
    return run


def running(worker: Any, *args: str) -> AbstractContextManager[subprocess.Popen[str]]:
    """Run a worker in a separate process. It runs jobs as soon as it listens for notifications."""
    return running_worker(worker.login, "run", *args)


LISTENS = "exists (select from pg_stat_activity where usename like 'login_%' and query = 'COMMIT' and state = 'idle')"


def enqueue(db: Db, tenant: str, payload: str = "{}", count: int = 1, request: str = "") -> None:
    with db.transaction():
        db.execute("select set_config('app.tenant_id', %s, true)", [tenant])
        db.execute("select set_config('app.request_id', %s, true)", [request])
        db.execute("select core.enqueue('public.note', %s) from generate_series(1, %s)", [payload, count])


def states(db: Db) -> dict[str, int]:
    return dict(db.execute("select state, count(*) from core.job_state group by state").fetchall())


def test_each_job_runs_as_its_tenant_with_its_request_id(db: Db, tenants: dict[str, str], worker: Any) -> None:
    enqueue(db, tenants["ours"], request="req-1", count=3)
    enqueue(db, tenants["theirs"], request="req-2")
    enqueue(db, tenants["theirs"], request="req-3")
    outcome = worker("run", "--once", "--json")
    assert outcome.code == 0, outcome.err
    lines = [json.loads(line) for line in outcome.out.splitlines()]
    assert [line["outcome"] for line in lines] == ["done"] * 5
    assert sorted(line["request_id"] for line in lines) == ["req-1"] * 3 + ["req-2", "req-3"]
    assert {line["tenant_id"] for line in lines} == set(tenants.values())
    noted = db.execute(
        "select tenant_id::text, request_id, count(*) from public.noted group by 1, 2 order by 3"
    ).fetchall()
    # a batch with two requests has no single request id, so the setting is empty
    assert noted == [(tenants["theirs"], None, 2), (tenants["ours"], "req-1", 3)]
    assert states(db) == {"done": 5}


def test_one_bad_job_fails_alone_and_ends_as_dead(db: Db, tenants: dict[str, str], worker: Any) -> None:
    enqueue(db, tenants["ours"], count=4)
    enqueue(db, tenants["ours"], '{"poison": true}', request="req-9")
    enqueue(db, tenants["ours"], count=4)
    outcome = worker("drain")
    assert outcome.code == 0, outcome.err
    assert "failed job 5 of public.note of request req-9, attempt 1: P0001: this one is poison" in outcome.out
    assert "dead   job 5 of public.note of request req-9, attempt 2: P0001: this one is poison" in outcome.out
    assert "8 done, 1 failed, 1 dead. The queue is empty." in outcome.out
    assert states(db) == {"done": 8, "dead": 1}
    assert db.execute("select count(*), count(distinct job_id) from public.noted").fetchone() == (8, 8)
    assert db.execute("select last_error from core.job_dead").fetchone() == ("P0001: this one is poison",)


def test_a_drain_counts_the_jobs_left_at_the_timeout(db: Db, tenants: dict[str, str], worker: Any) -> None:
    with db.transaction():
        db.execute("select set_config('app.tenant_id', %s, true)", [tenants["ours"]])
        db.execute("select core.enqueue('public.note', '1', null, core.clock() + interval '1 hour')")
        db.execute("select core.enqueue('public.note', '2'), core.enqueue('public.note', '3')")
        db.execute("select * from core.lease('public.note', 'somebody else', 1)")
    outcome = worker("drain", "--timeout", "0.5", "--json")
    assert outcome.code == 1
    assert json.loads(outcome.out) == {"done": 1, "failed": 0, "dead": 0, "waiting": 1, "later": 1}


def test_sigterm_lets_the_worker_finish_its_batch(db: Db, tenants: dict[str, str], worker: Any) -> None:
    with running(worker, "--poll", "600") as process:
        wait_for(db, LISTENS)
        db.execute("select pg_advisory_lock(1)")
        # the notification wakes the worker: its next poll is later than the time limit of wait_for
        enqueue(db, tenants["ours"], '{"wait": true}')
        wait_for(db, "exists (select from pg_locks where locktype = 'advisory' and not granted)")
        process.send_signal(signal.SIGTERM)
        db.execute("select pg_advisory_unlock(1)")
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert out.endswith("1 done.\n")
    assert states(db) == {"done": 1}


def test_the_worker_reconnects_after_a_lost_connection(db: Db, tenants: dict[str, str], worker: Any) -> None:
    with running(worker, "--poll", "0.1") as process:
        wait_for(db, LISTENS)
        db.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename like 'login_%'")
        enqueue(db, tenants["ours"])
        wait_for(db, "exists (select from core.job_done)")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "The connection was lost" in err
    assert "Traceback" not in err


def test_a_worker_reads_only_which_tenants_have_jobs(db: Db, tenants: dict[str, str], worker: Any) -> None:
    enqueue(db, tenants["theirs"], '{"secret": 1}')
    with psycopg.connect(worker.login, autocommit=True) as conn:
        due = conn.execute("select tenant_id::text, queue from core.due_queues()").fetchall()
        assert due == [(tenants["theirs"], "public.note")]
        for column in ("payload", "actor", "request_id"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(f"select {column} from core.job")
        for table in ("stock.item", "core.tenant", "core.job_done", "core.audit_log"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(f"select from {table}")
        with conn.transaction():
            conn.execute("select set_config('app.tenant_id', %s, true)", [tenants["ours"]])
            assert conn.execute("select * from core.lease('public.note', 'me')").fetchall() == []


def test_another_login_gets_the_remedy(worker: Any, make_login: Callable[..., str]) -> None:
    outcome = worker("run", "--once", database_url=make_login("stanchion_app"))
    assert outcome.code == 1
    assert "stanchion login add NAME --as worker" in outcome.err
    outcome = worker("run", "--once", "--queue", "no.such")
    assert outcome.code == 1
    assert (
        "No queue 'no.such' has a handler. "
        "Queues that have one: contest.confirm, core.periodic, public.note, stock.orders." in outcome.err
    )

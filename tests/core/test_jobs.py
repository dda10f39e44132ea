"""With concurrent sessions, each job is in exactly one state at every moment and leased to one worker."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
import pytest

from tests.core.notices import A_TENTH, heard
from tests.sessions import Db

STATES = "select count(*), count(distinct (tenant_id, job_id)) from core.job_state"
LEASE = "select lease_id, job_id from core.lease('core.mail', %s, 7)"


@pytest.fixture
def login(db: Db, login: str) -> str:
    db.execute("insert into core.queue (queue, attempts, description) values ('core.mail', 3, 'Mail')")
    return login


def test_job_is_leased_once_and_always_in_one_state(db: Db, dsn: str, login: str) -> None:
    jobs, workers = 400, 8
    together, over = Barrier(workers + 1), threading.Event()
    enqueued: list[int] = []

    def enqueue() -> None:
        with psycopg.connect(login, autocommit=True) as conn:
            together.wait()
            for number in range(jobs):
                enqueued.append(conn.execute(f"select core.enqueue('core.mail', '{number}')").fetchone()[0])

    def work(number: int) -> list[int]:
        done = []
        with psycopg.connect(login, autocommit=True) as conn:
            together.wait()
            while not over.is_set():
                for lease, job in conn.execute(LEASE, [f"worker {number}"]).fetchall():
                    if job % 10 == 3:
                        conn.execute("select core.fail(%s, 'no', %s)", [lease, job])
                    elif conn.execute("select core.complete(%s, %s)", [lease, job]).fetchone() == (1,):
                        done.append(job)
        return done

    def watch() -> list[tuple[int, int, int]]:
        seen = []
        with psycopg.connect(dsn, autocommit=True) as conn:
            while not over.is_set():
                known = len(enqueued)  # these are committed before the snapshot of the next statement
                seen.append((known, *conn.execute(STATES).fetchone()))
        return seen

    with ThreadPoolExecutor(workers + 2) as pool:
        watching = pool.submit(watch)
        working = [pool.submit(work, number) for number in range(workers)]
        try:
            pool.submit(enqueue).result()
            until = time.monotonic() + 120
            untried = "select exists (select 1 from core.job where attempts = 0 or lease_id is not null)"
            while db.execute(untried).fetchone()[0] and time.monotonic() < until:
                time.sleep(0.02)
        finally:
            over.set()
        done = Counter(job for future in working for job in future.result())
        seen = watching.result()
    assert all(known <= total == distinct for known, total, distinct in seen)
    assert len(seen) > 5
    assert set(done.values()) == {1}
    assert set(done) == {job for job in enqueued if job % 10 != 3}
    assert db.execute(STATES).fetchone() == (jobs, jobs)


def test_notifications_follow_idle_queues_at_a_limited_rate(dsn: str, login: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as ear, psycopg.connect(login, autocommit=True) as conn:
        ear.execute("listen stanchion_jobs")
        conn.execute("select core.enqueue('core.mail', '0', null, core.clock() + interval '1 hour')")
        assert heard(ear) == []  # a job for later needs no notification
        time.sleep(A_TENTH)
        conn.execute("select core.enqueue('core.mail', '1')")
        assert len(heard(ear)) == 1
        time.sleep(A_TENTH)
        conn.execute("select core.enqueue('core.mail', '2')")
        assert heard(ear) == []  # the queue was not idle

    def enqueue_and_complete(_: int) -> None:
        with psycopg.connect(login, autocommit=True) as conn:
            for _ in range(50):
                conn.execute("select core.enqueue('core.mail', '3')")
                conn.execute("select count(core.complete(lease_id)) from core.lease('core.mail', 'w', 1000)")

    with psycopg.connect(dsn, autocommit=True) as ear, ThreadPoolExecutor(8) as pool:
        ear.execute("listen stanchion_jobs")
        began = time.monotonic()
        list(pool.map(enqueue_and_complete, range(8)))
        notices = heard(ear)
        windows = (time.monotonic() - began) * 10 + 2
        assert 1 <= len(notices) <= windows * 8  # a session also notifies while the transaction that did is open


def test_transaction_notifies_once(dsn: str, login: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as ear, psycopg.connect(login) as conn:
        ear.execute("listen stanchion_jobs")
        for _ in range(4):
            conn.execute("select core.enqueue('core.mail', '1'), pg_sleep(%s)", [A_TENTH])
            conn.execute("select count(core.complete(lease_id)) from core.lease('core.mail', 'w')")
        conn.commit()
        assert len(heard(ear)) == 1


def test_concurrent_enqueues_of_a_key_create_one_job(db: Db, login: str) -> None:
    together = Barrier(16)

    def enqueue(_: int) -> int:
        with psycopg.connect(login, autocommit=True) as conn:
            together.wait()
            return conn.execute("select core.enqueue('core.mail', '{}', 'nightly')").fetchone()[0]

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(enqueue, range(16)))) == 1
    assert db.execute("select count(*) from core.job").fetchone() == (1,)


def test_expired_lease_cannot_complete_or_fail_the_job(db: Db, login: str) -> None:
    with psycopg.connect(login, autocommit=True) as zombie, psycopg.connect(login, autocommit=True) as other:
        zombie.execute("select core.enqueue('core.mail', '{}')")
        ((lease, _),) = zombie.execute(LEASE, ["zombie"]).fetchall()
        db.execute("update core.job set leased_until = now() - interval '1 second'")
        assert other.execute("select core.reap()").fetchone() == (1,)
        db.execute("update core.job set run_at = now()")
        ((new, _),) = other.execute(LEASE, ["other"]).fetchall()
        assert zombie.execute("select core.complete(%s)", [lease]).fetchone() == (0,)
        assert zombie.execute("select core.fail(%s, 'x')", [lease]).fetchone() == (0,)
        assert other.execute("select core.complete(%s)", [new]).fetchone() == (1,)


def test_reap_skips_a_job_whose_handler_is_running(db: Db, login: str) -> None:
    with psycopg.connect(login) as slow, psycopg.connect(login, autocommit=True) as other:
        other.execute("select core.enqueue('core.mail', '{}')")
        ((lease, _),) = other.execute(LEASE, ["slow"]).fetchall()
        db.execute("update core.job set leased_until = now() - interval '1 second'")
        slow.execute("select core.complete(%s)", [lease])
        assert other.execute("select core.reap()").fetchone() == (0,)
        slow.commit()
    assert db.execute("select state from core.job_state").fetchall() == [("done",)]


def test_lease_reads_few_rows_of_a_deep_queue(db: Db, login: str, tenants: dict[str, str]) -> None:
    with psycopg.connect(login, autocommit=True) as conn:
        conn.execute("select core.enqueue('core.mail', '0')")
        conn.execute(LEASE, ["planned while the table was small"])
        db.execute(
            "insert into core.job (tenant_id, queue, payload, run_at, enqueued_at, actor) "
            "select %s, 'core.mail', '1', now() - n * interval '1 s', now(), 'x' from generate_series(1, 50000) as n",
            [tenants["ours"]],
        )
        for _ in range(3):  # from the second scan on, dead index entries are skipped
            conn.execute(LEASE, ["x"])
        before = db.execute("select pg_stat_get_tuples_returned('core.job'::regclass)").fetchone()[0]
        for _ in range(20):
            assert len(conn.execute(LEASE, ["x"]).fetchall()) == 7
        conn.execute("select pg_stat_force_next_flush()")
        conn.execute("select 1")
        after = db.execute("select pg_stat_get_tuples_returned('core.job'::regclass)").fetchone()[0]
    assert after - before < 5_000  # rows and index entries read; a scan of the table would exceed this

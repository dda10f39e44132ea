"""Working the jobs of all tenants: whose are due, then one lease after the other, each as its tenant.

What a job does is said in SQL, by the handler of its queue. Here is only when: lease, then handler and completion in
one transaction, so that a worker that is killed at any instant has done a job wholly or not at all. When a batch
fails its jobs are tried one by one, so that one of them alone fails.
"""

import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import Literal
from uuid import UUID

import psycopg
from psycopg import sql

from stanchion.errors import StanchionError
from stanchion.paths import query as query_text
from stanchion.server.connection import Connection, connect, is_pooled, require_deployed, value
from stanchion.server.locate import Server

_LINGER = 0.3  # seconds after some work in which it looks often: what is enqueued within a tenth of a second
_OFTEN = 0.04  # of a notification, or before it is committed, is told with no other
_SLICE = 0.2  # the longest wait for a notification without a look at whether to stop


@dataclass(frozen=True)
class Queue:
    name: str
    handler: str
    batch: int


@dataclass(frozen=True)
class Job:
    lease_id: UUID
    job_id: int
    attempt: int
    request_id: str | None


@dataclass(frozen=True)
class Done:
    """What became of a job, for the log."""

    outcome: Literal["done", "failed", "dead"]
    tenant_id: UUID
    queue: str
    job_id: int
    attempt: int
    request_id: str | None
    milliseconds: float
    error: str | None


@dataclass(frozen=True)
class Orders:
    """What a worker was told to do."""

    queue: str | None = None
    batch: int | None = None
    poll: float = 1.0


Tell = Callable[[Done], None]
Say = Callable[[str], None]


class _LeaseLostError(Exception):
    """Somebody else has one of the jobs by now: what was done to them is taken back."""


def run(server: Server, orders: Orders, stop: Event, tell: Tell, say: Say) -> None:
    """Work until told to stop, and connect again when the connection is lost."""
    pause = 0.5
    while not stop.is_set():
        try:
            with open_worker(server, orders) as worker:
                pause = 0.5
                worker.run(stop, tell, say)
        except psycopg.OperationalError as e:
            say(f"The connection was lost ({str(e).strip().partition(chr(10))[0]}); trying again.")
            stop.wait(pause)
            pause = min(2 * pause, 10)


def run_once(server: Server, orders: Orders, stop: Event, tell: Tell) -> None:
    """Work what is due now."""
    with open_worker(server, orders) as worker:
        while worker.round(stop, tell) and not stop.is_set():
            pass


def drain(server: Server, orders: Orders, timeout: float, stop: Event, tell: Tell) -> tuple[int, int]:
    """Work until nothing is due, leased or waiting for another try. Answers what waits still, and what is for later."""
    until = time.monotonic() + timeout
    with open_worker(server, orders) as worker:
        while True:
            worked = worker.round(stop, tell)
            waiting, later = worker.waiting()
            if not waiting or time.monotonic() > until or stop.is_set():
                return waiting, later
            if not worked:
                time.sleep(0.05)


@contextmanager
def open_worker(server: Server, orders: Orders) -> Iterator["Worker"]:
    """A worker on a connection of its own, with the rights of one and no others."""
    with connect(server, needs_session=False) as conn:
        require_deployed(conn)
        if not value(conn, "select pg_has_role('stanchion_worker', 'member')"):
            raise StanchionError(
                f"{conn.info.user} is no worker; make a login that is one with: stanchion login add NAME --as worker"
            )
        yield Worker(conn, orders)


class Worker:
    def __init__(self, conn: Connection, orders: Orders) -> None:
        self.conn, self.orders = conn, orders
        self.name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
        with self._as_worker():
            rows = conn.execute("select queue, handler, batch from core.queue where handler is not null").fetchall()
        self.queues = {name: Queue(name, handler, orders.batch or batch) for name, handler, batch in rows}
        if orders.queue is not None and orders.queue not in self.queues:
            known = ", ".join(sorted(self.queues)) or "none"
            raise StanchionError(f"No worker is for the queue '{orders.queue}': there is {known}.")

    def run(self, stop: Event, tell: Tell, say: Say) -> None:
        """Work, and wait to be woken; look without being woken too."""
        if is_pooled(self.conn):
            say(f"Behind a pooler nobody wakes a worker; this one looks every {self.orders.poll:g} s.")
        else:
            self.conn.execute("listen stanchion_jobs")
        worked_at = 0.0
        while not stop.is_set():
            if self.round(stop, tell):
                worked_at = time.monotonic()
            elif time.monotonic() - worked_at < _LINGER:
                self._wait(_OFTEN, stop)
            else:
                self._wait(self.orders.poll, stop)

    def round(self, stop: Event, tell: Tell) -> int:
        """One batch of every queue of every tenant where something is due; how many jobs that was."""
        worked = 0
        with self._as_worker():
            due = self.conn.execute("select tenant_id, queue, is_over from core.due_queues(%s)", [self.orders.queue])
        for tenant_id, name, is_over in due.fetchall():
            if stop.is_set():
                break
            if is_over:
                with self._as_worker(tenant_id):
                    self.conn.execute("select core.reap()")
            elif name in self.queues:
                worked += self._batch(tenant_id, self.queues[name], tell)
        return worked

    def waiting(self) -> tuple[int, int]:
        with self._as_worker():
            row = psycopg.RawCursor(self.conn).execute(query_text("jobs", "waiting"), [self.orders.queue]).fetchone()
        return row if row else (0, 0)

    def _wait(self, seconds: float, stop: Event) -> None:
        until = time.monotonic() + seconds
        while not stop.is_set() and (left := until - time.monotonic()) > 0:
            if any(True for _ in self.conn.notifies(timeout=min(left, _SLICE), stop_after=1)):
                return

    def _batch(self, tenant_id: UUID, queue: Queue, tell: Tell) -> int:
        statement = "select lease_id, job_id, attempt, request_id from core.lease(%s, %s, %s)"
        with self._as_worker(tenant_id):
            rows = self.conn.execute(statement, [queue.name, self.name, queue.batch]).fetchall()
        jobs = [Job(*row) for row in rows]
        if jobs:
            self._work(tenant_id, queue, jobs, tell)
        return len(jobs)

    def _work(self, tenant_id: UUID, queue: Queue, jobs: list[Job], tell: Tell) -> None:
        """Work the jobs of one lease: together, or one by one where together they fail."""
        started, outcome, error = time.monotonic(), "done", self._attempt(tenant_id, queue, jobs)
        if error is not None and len(jobs) > 1:
            for job in self._split(tenant_id, jobs):
                self._work(tenant_id, queue, [job], tell)
            return
        if error is not None:
            with self._as_worker(tenant_id):
                dead = self.conn.execute("select core.fail(%s, %s)", [jobs[0].lease_id, error]).fetchone()
            outcome = "dead" if dead and dead[0] else "failed"
        took = (time.monotonic() - started) * 1000
        for job in jobs:
            tell(Done(outcome, tenant_id, queue.name, job.job_id, job.attempt, job.request_id, took, error))  # type: ignore[arg-type]

    def _attempt(self, tenant_id: UUID, queue: Queue, jobs: list[Job]) -> str | None:
        """Call the handler and complete the lease, in one transaction; answers why that failed."""
        call = sql.SQL("select {}(%s)").format(sql.Identifier(*queue.handler.split(".")))
        requests = {job.request_id for job in jobs}
        request_id = requests.pop() if len(requests) == 1 else None
        try:
            with self._as_worker(tenant_id, request_id):
                self.conn.execute(call, [jobs[0].lease_id])
                row = self.conn.execute("select core.complete(%s)", [jobs[0].lease_id]).fetchone()
                if row is None or row[0] != len(jobs):
                    raise _LeaseLostError
        except _LeaseLostError:
            return "the lease was over before the job was done"
        except psycopg.Error as e:
            if self.conn.broken:
                raise
            return f"{e.sqlstate}: {e.diag.message_primary or e}"
        return None

    def _split(self, tenant_id: UUID, jobs: list[Job]) -> list[Job]:
        with self._as_worker(tenant_id):
            leases = self.conn.execute("select job_id, lease_id from core.split_lease(%s)", [jobs[0].lease_id])
            lease_of = dict(leases.fetchall())
        return [
            Job(lease_of[job.job_id], job.job_id, job.attempt, job.request_id) for job in jobs if job.job_id in lease_of
        ]

    @contextmanager
    def _as_worker(self, tenant_id: UUID | None = None, request_id: str | None = None) -> Iterator[None]:
        """A transaction as a worker, and for a tenant: both end with it, whoever has the session then."""
        with self.conn.transaction():
            self.conn.execute(
                "select set_config('role', 'stanchion_worker', true), set_config('app.tenant_id', %s, true), "
                "set_config('app.request_id', %s, true)",
                [str(tenant_id or ""), request_id or ""],
            )
            yield

"""The job worker: leases the due jobs of all tenants, and runs each batch as its tenant.

The handler of a queue is a function in the database. The worker leases a batch, then calls the handler and completes
the lease in one transaction. A worker that is killed at any time has therefore completed a job entirely or not at all.
When a batch fails, its jobs are run one by one, so that only the failing jobs fail.

On a cluster the jobs of a tenant run at the node of the tenant: the worker has one connection and one loop per node.
"""

import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import Literal, TypeVar
from uuid import UUID

import psycopg
from psycopg import sql

from stanchion.cluster.home import at, homes
from stanchion.errors import StanchionError
from stanchion.ops.sessions import end_sessions, may_end_sessions
from stanchion.paths import query as query_text
from stanchion.progress import Report
from stanchion.server.connection import Connection, connect, is_pooled, require_deployed, value
from stanchion.server.locate import Server

# Jobs enqueued shortly after a notification cause no further notification, so a worker polls often for a while.
_LINGER = 0.3  # seconds after the last job during which the worker polls often
_OFTEN = 0.04  # seconds between polls during that time
_SLICE = 0.2  # seconds of the longest wait between two checks of the stop event
_ENFORCE_EVERY = 10.0  # seconds between two searches for sessions over their limits
_NODES_EVERY = 30.0  # seconds between two searches for nodes that were added to a cluster

T = TypeVar("T")


@dataclass(frozen=True)
class Queue:
    """A queue that has a handler."""

    name: str
    handler: str
    batch: int


@dataclass(frozen=True)
class Job:
    """A leased job."""

    lease_id: UUID
    job_id: int
    attempt: int
    request_id: str | None


@dataclass(frozen=True)
class JobResult:
    """The outcome of one attempt at a job, for the log."""

    outcome: Literal["done", "failed", "dead"]
    tenant_id: UUID | None  # None: a run of the platform's periodic work, whose kind is the queue
    queue: str
    job_id: int
    attempt: int
    request_id: str | None
    milliseconds: float
    error: str | None


@dataclass(frozen=True)
class Options:
    """The options of a job worker."""

    queue: str | None = None  # None: all queues that have a handler
    batch: int | None = None  # None: the batch size of the queue
    poll: float = 1.0  # seconds between polls without a notification


OnResult = Callable[[JobResult], None]


class _LeaseLostError(Exception):
    """Another worker has leased one of the jobs since, so the transaction must be rolled back."""


class _MovedError(Exception):
    """The tenant has moved to another node. Its jobs stay leased there until the lease expires, then they run there."""


def run(server: Server, options: Options, stop: Event, on_result: OnResult, report: Report) -> None:
    """Run jobs until `stop` is set, on every node of a cluster. Reconnect when a connection is lost."""
    servers: list[Server] = []
    while not (servers or stop.is_set()):
        with _reconnecting(stop, report, 0.5):
            servers = _servers(server)
    if servers == [server]:
        _run(server, options, stop, on_result, report)
    elif servers:
        _Loops(server, options, stop, on_result, report).run(servers)


@contextmanager
def _reconnecting(stop: Event, report: Report, pause: float) -> Iterator[None]:
    """Report a lost connection of the body and wait, so that the caller can try again."""
    try:
        yield
    except psycopg.OperationalError as e:
        report(f"The connection was lost ({str(e).strip().partition(chr(10))[0]}); reconnecting.")
        stop.wait(pause)


def _servers(server: Server) -> list[Server]:
    """Return the server of each node that is the home of tenants; on plain Postgres the one server."""
    with connect(server, needs_session=False) as conn:
        require_deployed(conn)
        return [at(server, node) for node in homes(conn)] or [server]


class _Loops:
    """One loop per node, each in a thread. Nodes that are added later get a loop too."""

    def __init__(self, server: Server, options: Options, stop: Event, on_result: OnResult, report: Report) -> None:
        self.server, self.options, self.stop = server, options, stop
        self.ended, self.lock = Event(), Lock()
        self.on_result, self.report = self._one_at_a_time(on_result), self._one_at_a_time(report)
        self.threads: dict[str, Thread] = {}
        self.error: BaseException | None = None

    def run(self, servers: list[Server]) -> None:
        while not self.ended.is_set():
            for server in servers:
                if server.dsn not in self.threads:
                    thread = Thread(target=self._loop, args=[server], daemon=True)
                    self.threads[server.dsn] = thread
                    thread.start()
            until = time.monotonic() + _NODES_EVERY
            while time.monotonic() < until and not self.ended.wait(_SLICE):
                if self.stop.is_set():
                    self.ended.set()
            with suppress(psycopg.OperationalError):
                servers = [] if self.ended.is_set() else _servers(self.server)
        for thread in self.threads.values():
            thread.join()
        if self.error is not None:
            raise self.error

    def _loop(self, server: Server) -> None:
        try:
            _run(server, self.options, self.ended, self.on_result, self.report)
        except BaseException as e:
            self.error = self.error or e
            self.ended.set()

    def _one_at_a_time(self, call: Callable[[T], None]) -> Callable[[T], None]:
        def locked(argument: T) -> None:
            with self.lock:
                call(argument)

        return locked


def _run(server: Server, options: Options, stop: Event, on_result: OnResult, report: Report) -> None:
    """Run the jobs of one node until `stop` is set."""
    pause = 0.5
    while not stop.is_set():
        with _reconnecting(stop, report, pause):
            pause = min(2 * pause, 10)
            with open_worker(server, options) as worker:
                pause = 0.5
                worker.run(stop, on_result, report)


def run_once(server: Server, options: Options, stop: Event, on_result: OnResult) -> None:
    """Run the jobs that are due, then return."""
    for each in _servers(server):
        with open_worker(each, options) as worker:
            while worker.run_due(stop, on_result) and not stop.is_set():
                pass


def drain(server: Server, options: Options, timeout: float, stop: Event, on_result: OnResult) -> tuple[int, int]:
    """Run jobs until none is due, leased or waiting for a retry, or until the timeout.

    Return the number of jobs that still wait, and the number of jobs that are scheduled for later.
    """
    until = time.monotonic() + timeout
    with ExitStack() as stack:
        workers = [stack.enter_context(open_worker(each, options)) for each in _servers(server)]
        while True:
            worked = sum(worker.run_due(stop, on_result) for worker in workers)
            waiting, later = workers[0].waiting()  # counts the jobs of every node
            if not waiting or time.monotonic() > until or stop.is_set():
                return waiting, later
            if not worked:
                time.sleep(0.05)


@contextmanager
def open_worker(server: Server, options: Options) -> Iterator["Worker"]:
    """Connect and yield a job worker, which acts as stanchion_worker."""
    with connect(server, needs_session=False) as conn:
        require_deployed(conn)
        if not value(conn, "select pg_has_role('stanchion_worker', 'member')"):
            raise StanchionError(
                f"{conn.info.user} may not run jobs; create a login that may with: stanchion login add NAME --as worker"
            )
        yield Worker(conn, options)


class Worker:
    """Runs jobs through one connection."""

    def __init__(self, conn: Connection, options: Options) -> None:
        self.conn, self.options = conn, options
        self.name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
        with self._as_worker():
            rows = conn.execute("select queue, handler, batch from core.queue where handler is not null").fetchall()
        self.queues = {name: Queue(name, handler, options.batch or batch) for name, handler, batch in rows}
        if options.queue is not None and options.queue not in self.queues:
            known = ", ".join(sorted(self.queues)) or "none"
            raise StanchionError(f"No queue '{options.queue}' has a handler. Queues that have one: {known}.")

    def run(self, stop: Event, on_result: OnResult, report: Report) -> None:
        """Run jobs until `stop` is set, after each notification and after each poll interval."""
        if is_pooled(self.conn):
            report(f"Notifications do not pass a connection pooler; polling every {self.options.poll:g} s.")
        else:
            self.conn.execute("listen stanchion_jobs")
        enforces = may_end_sessions(self.conn)
        worked_at = enforced_at = 0.0
        while not stop.is_set():
            if enforces and time.monotonic() - enforced_at > _ENFORCE_EVERY:
                enforced_at = time.monotonic()
                self._enforce(report)
            if self.run_due(stop, on_result):
                worked_at = time.monotonic()
            elif time.monotonic() - worked_at < _LINGER:
                self._wait(_OFTEN, stop)
            else:
                self._wait(self.options.poll, stop)

    def run_due(self, stop: Event, on_result: OnResult) -> int:
        """Run one batch of each queue of each tenant that has due jobs. Return the number of jobs."""
        worked = 0
        with self._as_worker():
            due = self.conn.execute(query_text("jobs", "due"), {"queue": self.options.queue})
        for tenant_id, name, is_over in due.fetchall():
            if stop.is_set():
                break
            with suppress(_MovedError):
                if is_over:
                    with self._of_tenant(tenant_id):
                        self.conn.execute("select core.reap()")
                elif name in self.queues:
                    worked += self._run_batch(tenant_id, self.queues[name], on_result)
        return worked

    def waiting(self) -> tuple[int, int]:
        """Count the jobs that a drain waits for, and the jobs that are scheduled for later."""
        with self._as_worker():
            row = psycopg.RawCursor(self.conn).execute(query_text("jobs", "waiting"), [self.options.queue]).fetchone()
        return row if row else (0, 0)

    def _enforce(self, report: Report) -> None:
        """End the sessions over their limits, with the rights of the login and not of stanchion_worker."""
        for session in end_sessions(self.conn):
            report(f"{session} It was ended.")

    def _wait(self, seconds: float, stop: Event) -> None:
        until = time.monotonic() + seconds
        while not stop.is_set() and (left := until - time.monotonic()) > 0:
            if any(True for _ in self.conn.notifies(timeout=min(left, _SLICE), stop_after=1)):
                return

    def _run_batch(self, tenant_id: UUID, queue: Queue, on_result: OnResult) -> int:
        statement = "select lease_id, job_id, attempt, request_id from core.lease(%s, %s, %s)"
        with self._of_tenant(tenant_id):
            rows = self.conn.execute(statement, [queue.name, self.name, queue.batch]).fetchall()
        jobs = [Job(*row) for row in rows]
        if jobs:
            self._run_lease(tenant_id, queue, jobs, on_result)
        return len(jobs)

    def _run_lease(self, tenant_id: UUID, queue: Queue, jobs: list[Job], on_result: OnResult) -> None:
        """Run the jobs of one lease together. If that fails, run them one by one."""
        started, outcome, error = time.monotonic(), "done", self._attempt(tenant_id, queue, jobs)
        if error is not None and len(jobs) > 1:
            for job in self._split(tenant_id, jobs):
                self._run_lease(tenant_id, queue, [job], on_result)
            return
        if error is not None:
            with self._of_tenant(tenant_id):
                dead = self.conn.execute("select core.fail(%s, %s)", [jobs[0].lease_id, error]).fetchone()
            outcome = "dead" if dead and dead[0] else "failed"
        took = (time.monotonic() - started) * 1000
        for job in jobs:
            on_result(
                JobResult(outcome, tenant_id, queue.name, job.job_id, job.attempt, job.request_id, took, error)  # type: ignore[arg-type]
            )

    def _attempt(self, tenant_id: UUID, queue: Queue, jobs: list[Job]) -> str | None:
        """Call the handler and complete the lease in one transaction. Return the error, or None when both succeeded."""
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
            return "the lease expired before the job was completed"
        except psycopg.Error as e:
            if self.conn.broken:
                raise
            return f"{e.sqlstate}: {e.diag.message_primary or e}"
        return None

    def _split(self, tenant_id: UUID, jobs: list[Job]) -> list[Job]:
        with self._of_tenant(tenant_id):
            leases = self.conn.execute("select job_id, lease_id from core.split_lease(%s)", [jobs[0].lease_id])
            lease_of = dict(leases.fetchall())
        return [
            Job(lease_of[job.job_id], job.job_id, job.attempt, job.request_id) for job in jobs if job.job_id in lease_of
        ]

    @contextmanager
    def _of_tenant(self, tenant_id: UUID) -> Iterator[None]:
        """Open a transaction of a statement that is refused only when the tenant has moved to another node."""
        try:
            with self._as_worker(tenant_id):
                yield
        except psycopg.errors.ObjectNotInPrerequisiteState as e:
            raise _MovedError from e

    @contextmanager
    def _as_worker(self, tenant_id: UUID | None = None, request_id: str | None = None) -> Iterator[None]:
        """Open a transaction as stanchion_worker for a tenant. The settings are local to it, for poolers."""
        with self.conn.transaction():
            self.conn.execute(
                "select set_config('role', 'stanchion_worker', true), core.set_local('app.tenant_id', %s), "
                "core.set_local('app.request_id', %s)",
                [str(tenant_id or ""), request_id or ""],
            )
            yield

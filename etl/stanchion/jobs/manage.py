"""List jobs, and retry and cancel them, each in a transaction of its tenant at the node of the tenant."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

from stanchion.cluster.home import for_tenant_at_home
from stanchion.errors import StanchionError
from stanchion.paths import query
from stanchion.server.connection import Connection, find_tenant, require_deployed, value

STATES = ("ready", "leased", "done", "dead")


@dataclass(frozen=True)
class Job:
    """A job with its tenant and its state when it was found."""

    tenant: str
    job_id: int
    state: str
    facts: dict[str, Any]


@dataclass(frozen=True)
class Changed:
    """The result of a retry or a cancellation of one job: None when it was changed, else the reason why not."""

    job: Job
    refusal: str | None


def list_jobs(
    conn: Connection, tenant: str | None, queue: str | None, state: str | None, limit: int
) -> list[dict[str, Any]]:
    """Return the latest jobs, newest first."""
    return _rows(conn, "list", slug=_slug(conn, tenant), queue=_known(conn, queue), state=state, most=limit)


def queues(conn: Connection) -> list[dict[str, Any]]:
    """Return the number of jobs in each state, and the longest wait, of each queue."""
    return _rows(conn, "stats")


def find_jobs(conn: Connection, ids: Sequence[int], tenant: str | None) -> list[Job]:
    """Return the jobs with these ids, or raise StanchionError when one does not exist."""
    found = [Job(**row) for row in _rows(conn, "details", jobs=list(ids), slug=_slug(conn, tenant))]
    if missing := sorted(set(ids) - {job.job_id for job in found}):
        of = f" of {tenant}" if tenant else ""
        raise StanchionError(
            f"No job{of} has the id {missing[0]}: it never existed, was cancelled, or its partition has expired. "
            "stanchion jobs list prints the latest."
        )
    return found


def find_dead(conn: Connection, tenant: str | None, queue: str | None) -> list[Job]:
    """Return the dead jobs of a queue or of all queues."""
    rows = _rows(conn, "list", slug=_slug(conn, tenant), queue=_known(conn, queue), state="dead", most=None)
    return [Job(row["tenant"], row["job"], "dead", {}) for row in reversed(rows)]


def retry(conn: Connection, jobs: Iterable[Job]) -> Iterator[Changed]:
    """Make dead jobs ready, with all attempts of their queue."""
    yield from _change(conn, "select core.revive(%s)", jobs, "it is not dead")


def cancel(conn: Connection, jobs: Iterable[Job]) -> Iterator[Changed]:
    """Delete jobs that no worker runs."""
    yield from _change(conn, "select core.cancel_job(%s)", jobs, "a worker runs it, or it is done")


def _change(conn: Connection, statement: str, jobs: Iterable[Job], otherwise: str) -> Iterator[Changed]:
    for job in jobs:
        try:
            with for_tenant_at_home(conn, job.tenant) as acting:
                is_changed = value(acting.conn, statement, [job.job_id])
        except psycopg.errors.UniqueViolation:
            yield Changed(job, "another job with its key waits")
        else:
            yield Changed(job, None if is_changed else otherwise)


def _slug(conn: Connection, tenant: str | None) -> str | None:
    """Return the slug, or raise StanchionError when no tenant has it."""
    require_deployed(conn)
    if tenant is not None:
        find_tenant(conn, tenant)
    return tenant


def _known(conn: Connection, queue: str | None) -> str | None:
    """Return the queue, or raise StanchionError with the queues that exist."""
    known = [name for (name,) in conn.execute("select q.queue from core.queue as q order by q.queue").fetchall()]
    if queue is not None and queue not in known:
        raise StanchionError(f"Queue '{queue}' does not exist. The queues: {', '.join(known)}.")
    return queue


def _rows(conn: Connection, name: str, **values: Any) -> list[dict[str, Any]]:
    require_deployed(conn)
    return conn.cursor(row_factory=dict_row).execute(query("jobs", name), values).fetchall()

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

    tenant: str | None  # None: a run of the platform's periodic work
    job_id: int
    state: str
    facts: dict[str, Any]

    @property
    def owner(self) -> str:
        """Return the tenant, or the kind of a run of the platform's periodic work."""
        return self.tenant or str(self.facts["kind"])


@dataclass(frozen=True)
class Changed:
    """The result of a retry or a cancellation of one job: None when it was changed, else the reason why not."""

    job: Job
    refusal: str | None


def list_jobs(
    conn: Connection, tenant: str | None, queue: str | None, state: str | None, limit: int
) -> list[dict[str, Any]]:
    """Return the latest jobs, newest first."""
    slug = _slug(conn, tenant)
    values = {"queue": _known(conn, queue), "state": state, "most": limit}
    rows = _rows(conn, "list", slug=slug, **values)
    if slug is None:  # another query, since a cluster does not join tables of tenants with those of one server
        rows += _rows(conn, "operation_runs", **values)
    return sorted(rows, key=lambda row: (row["enqueued_at"], row["job"]), reverse=True)[:limit]


def queues(conn: Connection) -> list[dict[str, Any]]:
    """Return the number of jobs in each state, and the longest wait, of each queue."""
    return _rows(conn, "stats")


def find_jobs(conn: Connection, ids: Sequence[int], tenant: str | None) -> list[Job]:
    """Return the jobs with these ids, or raise StanchionError when one does not exist."""
    slug = _slug(conn, tenant)
    found = [Job(**row) for row in _rows(conn, "details", jobs=list(ids), slug=slug)]
    if slug is None:
        found += [Job(**row) for row in _rows(conn, "operation_details", jobs=list(ids))]
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
    yield from _change(
        conn, "select core.cancel_job(%s)", jobs, "a worker runs it, it is done, or it starts a periodic job"
    )


def _change(conn: Connection, statement: str, jobs: Iterable[Job], otherwise: str) -> Iterator[Changed]:
    for job in jobs:
        if job.tenant is None:
            yield _change_run(conn, job, otherwise, is_retry="revive" in statement)
            continue
        try:
            with for_tenant_at_home(conn, job.tenant) as acting:
                is_changed = value(acting.conn, statement, [job.job_id])
        except psycopg.errors.UniqueViolation:
            yield Changed(job, "another job with its key waits")
        else:
            yield Changed(job, None if is_changed else otherwise)


def _change_run(conn: Connection, run: Job, otherwise: str, *, is_retry: bool) -> Changed:
    """Retry a dead run of the platform's periodic work. Its runs are not cancelled: the next one would come anyway."""
    if not is_retry:
        return Changed(run, "a run of the platform is not cancelled; pause it with: stanchion jobs schedule pause")
    try:
        is_changed = value(conn, query("jobs", "retry_run"), {"run": run.job_id})
    except psycopg.errors.UniqueViolation:
        return Changed(run, "a later run of the kind is not complete")
    return Changed(run, None if is_changed else otherwise)


def _slug(conn: Connection, tenant: str | None) -> str | None:
    """Return the slug, or raise StanchionError when no tenant has it."""
    require_deployed(conn)
    if tenant is not None:
        find_tenant(conn, tenant)
    return tenant


def _known(conn: Connection, queue: str | None) -> str | None:
    """Return the queue, or raise StanchionError with the queues that exist."""
    known = [name for (name,) in conn.execute("select q.queue from core.queue as q order by q.queue").fetchall()]
    known += [kind for (kind,) in conn.execute("select o.kind from core.operation as o order by o.kind").fetchall()]
    if queue is not None and queue not in known:
        raise StanchionError(f"Queue '{queue}' does not exist. The queues: {', '.join(known)}.")
    return queue


def _rows(conn: Connection, name: str, **values: Any) -> list[dict[str, Any]]:
    require_deployed(conn)
    return conn.cursor(row_factory=dict_row).execute(query("jobs", name), values).fetchall()

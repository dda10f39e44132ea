"""worker and jobs: run the jobs of all tenants, list them, and retry and cancel some."""

import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from stanchion.cli import completing
from stanchion.cli.logs import event, is_json, log_option
from stanchion.cli.options import database_option, json_option, open_database, open_server, until_signal
from stanchion.cli.output import count_of, json_text, note, print_json, print_rows, printable, shows_progress
from stanchion.cli.schedules import schedule
from stanchion.jobs import manage
from stanchion.jobs.operate import check_login, run_due, spawn_due
from stanchion.jobs.worker import JobResult, Options, drain, run, run_once

queue_option = click.option("--queue", metavar="QUEUE", help="Queue whose jobs to run (default: every queue).")
batch_option = click.option(
    "--batch", type=click.IntRange(1, 1000), help="Number of jobs to lease at once (default: the setting of the queue)."
)
lines_option = click.option("--json", "as_json", is_flag=True, help="Print one line of JSON for each job.")


@click.group()
def worker() -> None:
    """Run the jobs that applications enqueued."""


@worker.command("run")
@queue_option
@batch_option
@click.option("--once", is_flag=True, help="Run the jobs that are due now, then end.")
@click.option(
    "--poll",
    type=click.FloatRange(min=0.01),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="Time between two searches for due jobs. A notification starts a search earlier.",
)
@click.option(
    "--operate", is_flag=True, help="Also run the due periodic work of the platform, with an operator's login."
)
@lines_option
@log_option
@database_option
def worker_run(queue: str | None, batch: int | None, once: bool, poll: float, operate: bool, as_json: bool) -> None:
    """Run jobs until SIGTERM.

    SIGTERM and Ctrl-C let the worker finish its current batch. A worker that is killed loses no job: its leases expire
    and another worker runs the jobs.

    With --operate, the worker also runs the periodic work of the platform, such as new partitions and the marts, each
    in a process of its own. Two workers never run the same work at the same time.

    \b
    Example:
        stanchion worker run
        stanchion worker run --operate
        stanchion worker run --queue stock.orders --json
    """
    options, log = Options(queue, batch, poll), _Log(as_json)
    with open_server() as server, until_signal() as stop:
        if operate:
            check_login(server)
        if once:
            run_once(server, options, stop, log.add)
            if operate:
                run_due(server, (), log.add, log.report)
        elif operate:
            with ThreadPoolExecutor(1) as pool:
                operating = pool.submit(spawn_due, server, poll, stop, log.add, log.report)
                run(server, options, stop, log.add, log.report)
                operating.result()
        else:
            run(server, options, stop, log.add, log.report)
    log.end()


@worker.command("operate")
@click.argument("kinds", metavar="[KIND]...", nargs=-1)
@lines_option
@log_option
@database_option
def worker_operate(kinds: tuple[str, ...], as_json: bool) -> None:
    """Run the due periodic work of the platform, then end.

    For schedulers, in place of stanchion worker run --operate. KIND selects some of the work (default: all of it). Work
    that another process runs is left to it. The exit code is 1 when a run failed.

    \b
    Example:
        stanchion worker operate
        stanchion worker operate stanchion.partitions
    """
    log = _Log(as_json)
    with open_server() as server:
        check_login(server)
        run_due(server, kinds, log.add, log.report)
    log.end()
    if log.counts["failed"] or log.counts["dead"]:
        click.get_current_context().exit(1)


@worker.command("drain")
@queue_option
@batch_option
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Longest wait for jobs that other workers have leased or that wait for a retry.",
)
@json_option
@log_option
@database_option
def worker_drain(queue: str | None, batch: int | None, timeout: float, as_json: bool) -> None:
    """Run jobs until none is due, leased or waiting for a retry.

    The exit code is 1 when such jobs remain at the timeout.

    \b
    Example:
        stanchion worker drain --timeout 300
    """
    log = _Log(False)
    with open_server() as server, until_signal() as stop:
        waiting, later = drain(server, Options(queue, batch), timeout, stop, log.add)
    log.clear()
    if as_json:
        counts = {outcome: log.counts[outcome] for outcome in ("done", "failed", "dead")}
        print_json(counts | {"waiting": waiting, "later": later})
    else:
        scheduled = f" {count_of(later, 'job')} scheduled for later." if later else ""
        state = f"{count_of(waiting, 'job')} still waiting." if waiting else "The queue is empty."
        click.echo(f"{log.summary()} {state}{scheduled}")
    if waiting:
        click.get_current_context().exit(1)


class _Log:
    """Prints each job as a line of JSON, or each failed job as a line of text with a running count on a terminal."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.counts: Counter[str] = Counter()
        self._is_live = shows_progress() and not (as_json or is_json())
        self._began = self._drawn = time.monotonic()

    def add(self, result: JobResult) -> None:
        self.counts[result.outcome] += 1
        event(
            "job",
            "info" if result.outcome == "done" else "error",
            tenant=str(result.tenant_id) if result.tenant_id else None,
            counts={"attempt": result.attempt},
            duration_ms=result.milliseconds,
            error=result.error,
            message=f"{result.outcome} job {result.job_id} of {result.queue}",
        )
        if self.as_json:
            self._line(asdict(result))
        elif result.outcome != "done":
            self.clear()
            request = f" of request {result.request_id}" if result.request_id else ""
            outcome = click.style(f"{result.outcome:6}", fg="red")
            click.echo(
                f"{outcome} job {result.job_id} of {result.queue}{printable(request)}, attempt {result.attempt}: "
                + printable(result.error or "")
            )
        if self._is_live and time.monotonic() - self._drawn > 0.1:
            self._drawn = time.monotonic()
            rate = sum(self.counts.values()) / (self._drawn - self._began)
            self._redraw(f"{self.summary()} {rate:,.0f}/s")

    def report(self, text: str) -> None:
        if self.as_json:
            self._line({"message": text})
        else:
            self.clear()
            note(text)

    def clear(self) -> None:
        if self._is_live:
            self._redraw("")

    def summary(self) -> str:
        shown = [outcome for outcome in ("done", "failed", "dead") if outcome == "done" or self.counts[outcome]]
        return ", ".join(f"{self.counts[outcome]:,} {outcome}" for outcome in shown) + "."

    def end(self) -> None:
        if not self.as_json:
            self.clear()
            click.echo(self.summary())

    def _redraw(self, text: str) -> None:
        # color=True keeps the sequence that erases the line when NO_COLOR is set
        click.echo(f"\r\x1b[K{text}", err=True, nl=False, color=True)

    def _line(self, facts: dict[str, Any]) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        click.echo(json_text({"at": at} | facts))


@click.group()
def jobs() -> None:
    """List, show, retry, cancel and schedule jobs."""


jobs.add_command(schedule)

_tenant = click.option("--tenant", metavar="SLUG", shell_complete=completing.tenants, help="Only jobs of this tenant.")
_ids = click.argument("ids", metavar="JOB...", nargs=-1, required=True, type=click.IntRange(min=1))


@jobs.command("list")
@_tenant
@click.option("--queue", metavar="QUEUE", help="Only jobs of this queue.")
@click.option("--state", type=click.Choice(manage.STATES), help="Only jobs in this state.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Most jobs to list.")
@json_option
@database_option
def jobs_list(tenant: str | None, queue: str | None, state: str | None, limit: int, as_json: bool) -> None:
    """List the latest jobs, newest first.

    \b
    Example:
        stanchion jobs list
        stanchion jobs list --state dead --tenant harbour
    """
    with open_database() as conn:
        print_rows(as_json, manage.list_jobs(conn, tenant, queue, state, limit), "No such job.")


@jobs.command("show")
@_ids
@_tenant
@json_option
@database_option
def jobs_show(ids: tuple[int, ...], tenant: str | None, as_json: bool) -> None:
    """Show everything that is stored about jobs.

    \b
    Example:
        stanchion jobs show 4711
    """
    with open_database() as conn:
        found = manage.find_jobs(conn, ids, tenant)
    if as_json:
        print_json([asdict(job) for job in found])
        return
    for job in found:
        click.secho(f"Job {job.job_id} of {job.owner} is {job.state}.", bold=True)
        for name, fact in job.facts.items():
            if fact is not None:
                click.echo(f"  {name}: {printable(fact if isinstance(fact, str) else json_text(fact))}")


@jobs.command("retry")
@click.argument("ids", metavar="[JOB]...", nargs=-1, type=click.IntRange(min=1))
@click.option("--dead", is_flag=True, help="Retry every dead job, of --queue and --tenant.")
@click.option("--queue", metavar="QUEUE", help="Only dead jobs of this queue, with --dead.")
@_tenant
@database_option
def jobs_retry(ids: tuple[int, ...], dead: bool, queue: str | None, tenant: str | None) -> None:
    """Make dead jobs ready, with all attempts of their queue.

    The exit code is 1 when a job was not dead. A job that waits for its next attempt needs no retry.

    \b
    Example:
        stanchion jobs retry 4711 4712
        stanchion jobs retry --dead --queue stock.orders
    """
    if dead == bool(ids) or (queue and not dead):
        raise click.UsageError("Give the ids of jobs, or --dead with or without --queue.")
    with open_database() as conn:
        found = manage.find_dead(conn, tenant, queue) if dead else manage.find_jobs(conn, ids, tenant)
        _print_changes(manage.retry(conn, found), "ready again")


@jobs.command("cancel")
@_ids
@_tenant
@database_option
def jobs_cancel(ids: tuple[int, ...], tenant: str | None) -> None:
    """Delete jobs that wait or are dead.

    The exit code is 1 when a worker runs one of them, or it is done.

    \b
    Example:
        stanchion jobs cancel 4711
    """
    with open_database() as conn:
        _print_changes(manage.cancel(conn, manage.find_jobs(conn, ids, tenant)), "cancelled")


@jobs.command("stats")
@json_option
@database_option
def jobs_stats(as_json: bool) -> None:
    """Count the jobs of each queue by state.

    \b
    Example:
        stanchion jobs stats
    """
    with open_database() as conn:
        print_rows(as_json, manage.queues(conn), "No module has a queue.")


def _print_changes(changes: Iterable[manage.Changed], done: str) -> None:
    """Print each result. Exit with 1 when a job was not changed."""
    seen = Counter[bool]()
    for each in changes:
        job = f"Job {each.job.job_id} of {each.job.owner}"
        seen[bool(each.refusal)] += 1
        if each.refusal:
            click.secho(f"{job} is not changed: {each.refusal}.", fg="red")
        else:
            click.echo(f"{job} is {done}.")
    if not seen:
        click.echo("No job is dead.")
    if seen[True]:
        click.get_current_context().exit(1)

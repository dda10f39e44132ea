"""worker: run the jobs of all tenants."""

import os
import sys
import time
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from stanchion.cli.options import database_option, json_option, open_server, until_signal
from stanchion.cli.output import count_of, json_text, note, print_json, printable
from stanchion.jobs.worker import JobResult, Options, drain, run, run_once

queue_option = click.option("--queue", metavar="QUEUE", help="Queue whose jobs to run (default: every queue).")
batch_option = click.option(
    "--batch", type=click.IntRange(1, 1000), help="Number of jobs to lease at once (default: the setting of the queue)."
)


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
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON for each job, with its request id.")
@database_option
def worker_run(queue: str | None, batch: int | None, once: bool, poll: float, as_json: bool) -> None:
    """Run jobs until SIGTERM.

    SIGTERM and Ctrl-C let the worker finish its current batch. A worker that is killed loses no job: its leases expire
    and another worker runs the jobs.

    \b
    Example:
        stanchion worker run
        stanchion worker run --queue stock.orders --json
    """
    options, log = Options(queue, batch, poll), _Log(as_json)
    with open_server() as server, until_signal() as stop:
        if once:
            run_once(server, options, stop, log.add)
        else:
            run(server, options, stop, log.add, log.report)
    log.end()


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
        self._is_live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb" and not as_json
        self._began = self._drawn = time.monotonic()

    def add(self, result: JobResult) -> None:
        self.counts[result.outcome] += 1
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

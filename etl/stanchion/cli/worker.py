"""worker: the jobs of all tenants, worked and drained."""

import sys
import time
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from json import dumps
from typing import Any

import click

from stanchion.cli.options import database_option, json_option, note, open_server, print_json, some, until_signal
from stanchion.jobs import worker as machinery
from stanchion.jobs.worker import Done, Orders

queue_option = click.option("--queue", metavar="QUEUE", help="Only the jobs of this queue; else of all of them.")
batch_option = click.option(
    "--batch", type=click.IntRange(1, 1000), help="How many jobs to take at once; else as the queue says."
)


@click.group()
def worker() -> None:
    """Work the jobs that applications enqueued."""


@worker.command("run")
@queue_option
@batch_option
@click.option("--once", is_flag=True, help="Work what is due now, then end.")
@click.option(
    "--poll",
    type=click.FloatRange(min=0.01),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="How often to look for jobs without being notified.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each job, with its request id.")
@database_option
def worker_run(queue: str | None, batch: int | None, once: bool, poll: float, as_json: bool) -> None:
    """Work jobs until SIGTERM, which lets it finish the batch at hand; killed at any instant, it loses none.

    \b
    Example:
        stanchion worker run
        stanchion worker run --queue stock.orders --json
    """
    orders, log = Orders(queue, batch, poll), _Log(as_json)
    with open_server() as server, until_signal() as stop:
        if once:
            machinery.run_once(server, orders, stop, log.tell)
        else:
            machinery.run(server, orders, stop, log.tell, log.say)
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
    help="When to give up on what others hold, or on what waits for another try.",
)
@json_option
@database_option
def worker_drain(queue: str | None, batch: int | None, timeout: float, as_json: bool) -> None:
    """Work until no job is due, leased or waiting for another try; exit 1 when some still are at the timeout.

    \b
    Example:
        stanchion worker drain --timeout 300
    """
    log = _Log(False)
    with open_server() as server, until_signal() as stop:
        waiting, later = machinery.drain(server, Orders(queue, batch), timeout, stop, log.tell)
    log.clear()
    if as_json:
        counts = {outcome: log.counts[outcome] for outcome in ("done", "failed", "dead")}
        print_json(counts | {"waiting": waiting, "later": later})
    else:
        scheduled = f" {some(later, 'job')} scheduled for later." if later else ""
        state = f"{some(waiting, 'job')} still to be done." if waiting else "The queue is empty."
        click.echo(f"{log.summary()} {state}{scheduled}")
    if waiting:
        click.get_current_context().exit(1)


class _Log:
    """What is said about jobs: a line of JSON for each, or a line for each that failed and a count."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.counts: Counter[str] = Counter()
        self._is_live = sys.stderr.isatty() and not as_json
        self._began = self._drawn = time.monotonic()

    def tell(self, done: Done) -> None:
        self.counts[done.outcome] += 1
        if self.as_json:
            self._line(asdict(done))
        elif done.outcome != "done":
            self.clear()
            request = f" of request {done.request_id}" if done.request_id else ""
            word = click.style(f"{done.outcome:6}", fg="red")
            click.echo(f"{word} job {done.job_id} of {done.queue}{request}, attempt {done.attempt}: {done.error}")
        if self._is_live and time.monotonic() - self._drawn > 0.1:
            self._drawn = time.monotonic()
            rate = sum(self.counts.values()) / (self._drawn - self._began)
            click.echo(f"\r\x1b[K{self.summary()} {rate:,.0f}/s", err=True, nl=False)

    def say(self, text: str) -> None:
        if self.as_json:
            self._line({"said": text})
        else:
            self.clear()
            note(text)

    def clear(self) -> None:
        if self._is_live:
            click.echo("\r\x1b[K", err=True, nl=False)

    def summary(self) -> str:
        shown = [outcome for outcome in ("done", "failed", "dead") if outcome == "done" or self.counts[outcome]]
        return ", ".join(f"{self.counts[outcome]:,} {outcome}" for outcome in shown) + "."

    def end(self) -> None:
        if not self.as_json:
            self.clear()
            click.echo(self.summary())

    def _line(self, facts: dict[str, Any]) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        click.echo(dumps({"at": at} | facts, default=str, ensure_ascii=False))

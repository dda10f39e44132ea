"""partitions: the days of the partitioned tables, made ahead and expired."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from datetime import date
from typing import Any

import click

from stanchion.cli.options import (
    database_option,
    json_option,
    note,
    open_database,
    open_reader,
    print_json,
    print_table,
    reader_options,
    report,
    some,
)
from stanchion.partitions import run as machinery
from stanchion.partitions.run import ALERTS, Done, Patience, Step
from stanchion.partitions.status import Set, Status, draw, read_status
from stanchion.report.page import size
from stanchion.server.connection import Connection, connect

dry_run_option = click.option("--dry-run", is_flag=True, help="Print what it would do now, and do nothing.")
wait_option = click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for transactions that use a table, before its day is left for the next run.",
)


@click.group()
def partitions() -> None:
    """Make, expire, hold and show the daily partitions."""


@partitions.command()
@json_option
@reader_options
@database_option
def status(as_json: bool) -> None:
    """Show each partitioned table: a cell per day, how much, how far ahead, what would go next.

    \b
    Example:
        stanchion partitions status
    """
    with open_reader() as server, connect(server) as conn:
        found = read_status(conn)
    if as_json:
        print_json(_as_json(found))
        return
    for line in draw(found, shutil.get_terminal_size().columns if sys.stdout.isatty() else 120):
        click.echo("".join(click.style(text, fg=colour) for text, colour in line))
    click.echo()
    print_table([_row(each, found.today) for each in found.sets], "No table is partitioned.")
    if found.alerts:
        click.echo()
    for alert in found.alerts:
        click.echo(f"{click.style('alert', fg='red')}  {alert.problem} {click.style(alert.remedy, bold=True)}")


@partitions.command()
@dry_run_option
@json_option
@database_option
def ensure(dry_run: bool, as_json: bool) -> None:
    """Make the days that should be there by now, blocking nobody; exit 1 when one could not be made.

    \b
    Example:
        stanchion partitions ensure
    """
    _go(dry_run, as_json, Patience(), machinery.plan_making, (machinery.ensure,))


@partitions.command()
@dry_run_option
@wait_option
@json_option
@database_option
def expire(dry_run: bool, wait: float, as_json: bool) -> None:
    """Drop the days past their time, blocking nobody; exit 1 when somebody held one for too long.

    \b
    Example:
        stanchion partitions expire --dry-run
        stanchion partitions expire --wait 600
    """
    _go(dry_run, as_json, Patience(wait), machinery.plan_expiry, (machinery.expire,))


@partitions.command()
@dry_run_option
@wait_option
@json_option
@database_option
def run(dry_run: bool, wait: float, as_json: bool) -> None:
    """Ensure, then expire: what a scheduler calls. A second run at the same time says so and exits 0.

    \b
    Example:
        stanchion partitions run --dry-run
        stanchion partitions run
    """
    _go(dry_run, as_json, Patience(wait), machinery.plan_run, (machinery.ensure, machinery.expire))


@partitions.command()
@click.argument("relation")
@click.option("--reason", metavar="TEXT", help="Why, for whoever wonders later; such as a legal hold.")
@click.option("--lift", is_flag=True, help="End the hold: what is due goes in the next run.")
@json_option
@database_option
def hold(relation: str, reason: str | None, lift: bool, as_json: bool) -> None:
    """Keep every day of a table, whatever is due, until it is lifted; deploying does not lift it.

    \b
    Example:
        stanchion partitions hold core.audit_log --reason "Case 4711"
        stanchion partitions hold core.audit_log --lift
    """
    if bool(reason and reason.strip()) == lift:
        raise click.UsageError("Say either --reason TEXT, or --lift.")
    with open_database() as conn:
        machinery.hold(conn, relation, reason)
    said = f"{relation} expires again, from the next run on." if lift else f"{relation} keeps all its days: {reason}"
    report(as_json, {"relation": relation, "hold": reason}, said)


def _go(
    dry_run: bool,
    as_json: bool,
    patience: Patience,
    plan: Callable[[Connection], list[Step]],
    phases: tuple[Callable[..., None], ...],
) -> None:
    if dry_run:
        _rehearse(plan, as_json)
        return
    done: list[Done] = []

    def tell(step: Step) -> None:
        if sys.stderr.isatty() and step.step not in ("keep", "stuck"):
            note(f"{step.step} {step.relation} {step.day} ...")

    def on_done(each: Done) -> None:
        done.append(each)
        if not as_json:
            _show(each.outcome, each.relation, each.day, each.reason)

    with (
        open_database() as conn,
        machinery.only_run(conn) if machinery.expire in phases else nullcontext(True) as alone,
    ):
        if alone:
            for phase in phases:
                phase(conn, tell, on_done, patience)
    alerts = sum(each.outcome in ALERTS for each in done)
    if as_json:
        print_json({"ran": alone, "dry_run": False, "days": [asdict(each) for each in done]})
    elif not alone:
        click.echo("Another run is at work; nothing was done.")
    elif not done:
        click.echo("Nothing to do: every day is there, and none is past its time.")
    else:
        click.echo(_summary([each.outcome for each in done]))
    if alerts:
        click.get_current_context().exit(1)


def _rehearse(plan: Callable[[Connection], list[Step]], as_json: bool) -> None:
    with open_database() as conn, machinery.as_owner(conn):
        steps = plan(conn)
    if as_json:
        days = [
            {"relation": step.relation, "day": step.day, "outcome": step.outcome, "reason": step.reason}
            for step in steps
        ]
        print_json({"ran": False, "dry_run": True, "days": days})
        return
    for step in steps:
        _show(step.outcome, step.relation, step.day, step.reason)
    if steps:
        click.echo(f"{_summary([step.outcome for step in steps])} Nothing was done: this is what a run would do now.")
    else:
        click.echo("Nothing to do: every day is there, and none is past its time.")


_COLOURS = {"made": "green", "reattached": "green", "kept": "yellow", "contended": "red", "failed": "red"}


def _show(outcome: str, relation: str, day: date | None, reason: str | None) -> None:
    word = click.style(f"{outcome:10}", fg=_COLOURS.get(outcome))
    click.echo(f"{word} {relation}{f' {day}' if day else ''}{f': {reason}' if reason else ''}")


def _summary(outcomes: list[str]) -> str:
    counts = {outcome: outcomes.count(outcome) for outcome in dict.fromkeys(outcomes)}
    return f"{some(len(outcomes), 'day')}: {', '.join(f'{count} {outcome}' for outcome, count in counts.items())}."


def _row(each: Set, today: date) -> dict[str, Any]:
    due = [day for day in each.next if day.state in ("due", "half-way")]
    return {
        "table": each.relation,
        "rows": each.estimated_rows,
        "size": size(each.bytes),
        "oldest": each.oldest,
        "newest": each.newest,
        "ahead": f"{each.ahead(today)} of {each.days_ahead}",
        "gaps": len(each.gaps) or None,
        "kept": "held" if each.hold else "for ever" if each.days_kept is None else some(each.days_kept, "day"),
        "due": f"{len(due)}, from {due[0].day}" if due else None,
        "last run": f"{each.ran_at:%Y-%m-%d %H:%M} UTC" if each.ran_at else "never",
    }


def _as_json(found: Status) -> dict[str, Any]:
    return {
        "today": found.today,
        "sets": [
            asdict(each)
            | {"ahead": each.ahead(found.today), "gaps": each.gaps, "next": [asdict(day) for day in each.next]}
            for each in found.sets
        ],
        "alerts": [asdict(alert) for alert in found.alerts],
    }

"""partitions: create, expire, keep and show the partitions of tables."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import click

from stanchion.cli.logs import event, is_json, log_option
from stanchion.cli.options import (
    confirm,
    database_option,
    json_option,
    open_database,
    open_reader,
    reader_options,
    yes_option,
)
from stanchion.cli.output import count_of, note, print_json, print_result, print_table, printable, shows_progress
from stanchion.errors import StanchionError
from stanchion.partitions import adopt as adoption
from stanchion.partitions import ahead
from stanchion.partitions import run as machinery
from stanchion.partitions.count import LIMIT
from stanchion.partitions.run import ALERTS, LEAST_DAYS_AHEAD
from stanchion.partitions.status import PartitionSet, Status, draw, read_status
from stanchion.partitions.step import OnResult, OnStep, PartitionResult, Step, Waits, as_owner
from stanchion.report.page import size
from stanchion.server.connection import Connection, connect

_NOTHING_DUE = "Nothing to do: every due partition exists, and none is past its retention."
_NOTHING_DETACHED = "Nothing to do: no expired partition is kept for so long."

dry_run_option = click.option("--dry-run", is_flag=True, help="Print the planned changes without making them.")
wait_option = click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Longest wait for transactions that use a table. After it, the partition is left for the next run.",
)


@click.group()
def partitions() -> None:
    """Create, expire, keep and show partitions of tables."""


@partitions.command()
@click.option(
    "--count-within",
    type=click.FloatRange(min=0),
    default=LIMIT,
    show_default=True,
    metavar="SECONDS",
    help="Longest time to count the rows of one table. After it, an estimate is printed, marked with ~.",
)
@json_option
@reader_options
@database_option
def status(count_within: float, as_json: bool) -> None:
    """Show the partitions of each table.

    Prints one cell per day, the rows, the size, the number of days ahead, and the partitions that expire next. The rows
    are counted. A number with ~ is an estimate ("exact": false in JSON), because the count took too long or because a
    partition is detached.

    \b
    Example:
        stanchion partitions status
        stanchion partitions status --count-within 60
    """

    def on_table(table: str) -> None:
        if sys.stderr.isatty():
            note(f"counting the rows of {table} ...")

    with open_reader() as server, connect(server) as conn:
        found = read_status(conn, count_within, on_table)
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
        problem, remedy = printable(alert.problem), click.style(printable(alert.remedy), bold=True)
        click.echo(f"{click.style('alert', fg='red')}  {problem} {remedy}")


@partitions.command()
@dry_run_option
@json_option
@log_option
@database_option
def ensure(dry_run: bool, as_json: bool) -> None:
    """Create the partitions that are due.

    Other sessions are not blocked. The exit code is 1 when a partition could not be created.

    \b
    Example:
        stanchion partitions ensure
    """
    _change(dry_run, as_json, Waits(), ahead.plan_making, (ahead.ensure,))


@partitions.command()
@dry_run_option
@wait_option
@json_option
@log_option
@database_option
def expire(dry_run: bool, wait: float, as_json: bool) -> None:
    """Drop the partitions that are past their retention.

    Other sessions are not blocked. A table with keep_detached keeps its partitions detached instead. The exit code is 1
    when a partition was in use for longer than --wait.

    \b
    Example:
        stanchion partitions expire --dry-run
        stanchion partitions expire --wait 600
    """
    _change(dry_run, as_json, Waits(wait), machinery.plan_expiry, (machinery.expire,))


@partitions.command()
@dry_run_option
@wait_option
@json_option
@log_option
@database_option
def run(dry_run: bool, wait: float, as_json: bool) -> None:
    """Create the due partitions, then drop the expired ones.

    For schedulers. When another run is in progress, its session is named and no partition is dropped. The exit code is
    then 0, or 1 if a table had partitions for fewer than the next 2 days; these partitions are created nevertheless.

    \b
    Example:
        stanchion partitions run --dry-run
        stanchion partitions run
    """
    _change(dry_run, as_json, Waits(wait), machinery.plan_run, (ahead.ensure, machinery.expire))


@partitions.command()
@click.argument("relation")
@click.option("--reason", metavar="TEXT", help="Reason to record, such as the number of a legal case.")
@click.option("--lift", is_flag=True, help="End the hold. The next run drops the expired partitions.")
@json_option
@database_option
def hold(relation: str, reason: str | None, lift: bool, as_json: bool) -> None:
    """Keep every partition of a table until the hold is lifted.

    A deploy does not lift a hold.

    \b
    Example:
        stanchion partitions hold core.audit_log --reason "Case 4711"
        stanchion partitions hold core.audit_log --lift
    """
    if bool(reason and reason.strip()) == lift:
        raise click.UsageError("Expected either --reason TEXT or --lift.")
    with open_database() as conn:
        machinery.hold(conn, relation, reason)
    if lift:
        sentence = f"{relation} expires again, from the next run on."
    else:
        sentence = f"{relation} keeps all its partitions: {reason}"
    print_result(as_json, {"relation": relation, "hold": reason}, sentence)


@partitions.command("drop-detached")
@click.argument("relation", required=False)
@click.option(
    "--older-than",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="DAYS",
    help="Drop only partitions that were detached at least so many days ago.",
)
@dry_run_option
@yes_option
@json_option
@database_option
def drop_detached(relation: str | None, older_than: int, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Drop the expired partitions that were detached and kept.

    A legal hold keeps those of its table. Their rows cannot be restored. Without RELATION, those of every table.

    \b
    Example:
        stanchion partitions drop-detached --dry-run
        stanchion partitions drop-detached core.audit_log --older-than 365
    """
    with open_database() as conn:
        with as_owner(conn):
            steps = machinery.plan_dropping(conn, relation, older_than)
        if dry_run:
            _print_steps(steps, as_json, _NOTHING_DETACHED)
            return
        results: list[PartitionResult] = []
        on_step, on_result = _listeners(results, as_json)
        if dropped := sum(step.step == "drop" for step in steps):
            confirm(f"Drop {count_of(dropped, 'detached partition')} with all rows?", yes)
        machinery.drop_expired(conn, steps, on_step, on_result, Waits())
    if as_json:
        print_json({"dry_run": False, "days": [asdict(each) for each in results]})
    else:
        click.echo(_summary([each.outcome for each in results]) if results else _NOTHING_DETACHED)
    if any(each.outcome in ALERTS for each in results):
        click.get_current_context().exit(1)


@partitions.command()
@click.argument("relation", metavar="SCHEMA.TABLE")
@click.option("--by", "column", required=True, metavar="COLUMN", help="Column of the partitions, of a type of time.")
@click.option(
    "--period", type=click.Choice(["day", "month", "year"]), required=True, help="Period of each later partition."
)
@click.option(
    "--days-ahead",
    type=click.IntRange(min=1),
    default=7,
    show_default=True,
    help="Number of days for which partitions are created ahead.",
)
@click.option("--days-kept", type=click.IntRange(min=1), help="Number of days kept (default: permanently).")
@dry_run_option
@json_option
@database_option
def adopt(
    relation: str, column: str, period: str, days_ahead: int, days_kept: int | None, dry_run: bool, as_json: bool
) -> None:
    """Partition an existing table while others write to it.

    The table becomes the first partition of a new table of the same name. Writers wait for a moment only. Until the
    command ends, rows before the first day or after the days ahead are refused. When it is killed, run it again. To
    give up instead, drop the constraint stanchion_adopt of the table.

    \b
    Example:
        stanchion partitions adopt contest.note --by noted_on --period month --dry-run
    """
    with open_database() as conn, machinery.only_run(conn) as other:
        if other:
            raise StanchionError(f"Another run is in progress: {other}. Nothing was changed.")
        planned = adoption.plan_adoption(conn, relation, column, period, days_ahead)
        if not dry_run:
            adoption.adopt(conn, planned, days_ahead, days_kept, lambda step: note(f"{step} ..."))
    bounds = f"its rows from {planned.first} to {planned.until - timedelta(1)} in one partition, then one a {period}"
    sentence = f"{relation} {'would be' if dry_run else 'is'} partitioned by {column}: {bounds}."
    print_result(as_json, asdict(planned) | {"dry_run": dry_run}, sentence)


def _listeners(results: list[PartitionResult], as_json: bool) -> tuple[OnStep, OnResult]:
    """Return functions that print each step on a terminal, and that collect and print each result."""

    def on_step(step: Step) -> None:
        if shows_progress() and not is_json() and step.step not in ("keep", "stuck"):
            note(f"{step.step} {step.relation} {step.day} ...")

    def on_result(each: PartitionResult) -> None:
        results.append(each)
        event(
            "partition",
            "error" if each.outcome in ALERTS else "info",
            error=each.reason if each.outcome in ALERTS else None,
            message=f"{each.outcome} {each.relation} {each.day or ''}".rstrip(),
        )
        if not as_json:
            _print_outcome(each.outcome, each.relation, each.day, each.reason)

    return on_step, on_result


def _change(
    dry_run: bool,
    as_json: bool,
    waits: Waits,
    plan: Callable[[Connection], list[Step]],
    phases: tuple[Callable[..., None], ...],
) -> None:
    if dry_run:
        _print_plan(plan, as_json)
        return
    results: list[PartitionResult] = []
    on_step, on_result = _listeners(results, as_json)
    with (
        open_database() as conn,
        machinery.only_run(conn) if machinery.expire in phases else nullcontext(None) as other,
    ):
        short: list[str] = []
        if other and ahead.ensure in phases:
            short = ahead.too_few_ahead(conn, LEAST_DAYS_AHEAD)
        for phase in phases if other is None else [ahead.ensure] if short else []:
            phase(conn, on_step, on_result, waits)
    event(
        "partitions",
        "error" if short or any(each.outcome in ALERTS for each in results) else "info",
        counts=dict(Counter(each.outcome for each in results)),
        message=f"Another run is in progress: {other}." if other else None,
    )
    alerts = len(short) + sum(each.outcome in ALERTS for each in results)
    if as_json:
        facts = {"ran": other is None, "other_run": other and asdict(other), "too_few_ahead": short}
        print_json(facts | {"dry_run": False, "days": [asdict(each) for each in results]})
    elif other:
        click.echo(f"Another run is in progress: {other}. No partition was dropped.")
        if short:
            click.echo(
                f"Partitions were missing within the next {LEAST_DAYS_AHEAD} days: {', '.join(short)}. "
                f"If that session is stuck, end it: select pg_terminate_backend({other.pid});"
            )
    elif not results:
        click.echo(_NOTHING_DUE)
    else:
        click.echo(_summary([each.outcome for each in results]))
    if alerts:
        click.get_current_context().exit(1)


def _print_plan(plan: Callable[[Connection], list[Step]], as_json: bool) -> None:
    with open_database() as conn, as_owner(conn):
        steps = plan(conn)
    _print_steps(steps, as_json, _NOTHING_DUE)


def _print_steps(steps: list[Step], as_json: bool, nothing: str) -> None:
    if as_json:
        days = [
            {"relation": step.relation, "day": step.day, "outcome": step.outcome, "reason": step.reason}
            for step in steps
        ]
        print_json({"ran": False, "dry_run": True, "days": days})
        return
    for step in steps:
        _print_outcome(step.outcome, step.relation, step.day, step.reason)
    if steps:
        click.echo(f"{_summary([step.outcome for step in steps])} Dry run: nothing was changed.")
    else:
        click.echo(nothing)


_COLOURS = {
    "detached": "magenta",
    "made": "green",
    "reattached": "green",
    "kept": "yellow",
    "contended": "red",
    "failed": "red",
}


def _print_outcome(outcome: str, relation: str, day: date | None, reason: str | None) -> None:
    styled = click.style(f"{outcome:10}", fg=_COLOURS.get(outcome))
    click.echo(f"{styled} {relation}{f' {day}' if day else ''}{f': {reason}' if reason else ''}")


def _summary(outcomes: list[str]) -> str:
    counts = {outcome: outcomes.count(outcome) for outcome in dict.fromkeys(outcomes)}
    listed = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    return f"{count_of(len(outcomes), 'partition')}: {listed}."


def _row(each: PartitionSet, today: date) -> dict[str, Any]:
    due = [day for day in each.next if day.state in ("due", "half-way")]
    return {
        "table": each.relation,
        "rows": each.rows if each.exact else f"~{each.rows}",
        "size": size(each.bytes),
        "oldest": each.oldest,
        "newest": each.newest,
        "ahead": f"{each.ahead(today)} of {each.days_ahead}",
        "period": each.span,
        "gaps": len(each.gaps) or None,
        "kept": _retention(each),
        "due": f"{len(due)}, from {due[0].day}" if due else None,
        "detached": f"{each.detached.partitions}, {size(each.detached.bytes)}" if each.detached else None,
        "last run": f"{each.ran_at:%Y-%m-%d %H:%M} UTC" if each.ran_at else "never",
    }


def _retention(each: PartitionSet) -> str:
    if each.hold:
        return "on hold"
    return "permanently" if each.days_kept is None else count_of(each.days_kept, "day")


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

"""jobs schedule: periodic jobs of tenants, and the times of the platform's periodic work."""

import json
from datetime import datetime
from typing import Any

import click

from stanchion.cli.options import database_option, json_option, open_database
from stanchion.cli.output import print_json, print_result, print_rows
from stanchion.errors import StanchionError
from stanchion.jobs import schedules as machinery

_tenant = click.option(
    "--tenant", metavar="SLUG", help="Tenant of the periodic job (default: none, for the platform's own work)."
)
_zone = click.option("--zone", default="UTC", show_default=True, help="IANA time zone of the expression.")


@click.group()
def schedule() -> None:
    """Add, list, pause and remove periodic jobs."""


@schedule.command("list")
@click.option("--tenant", metavar="SLUG", help="Only periodic jobs of this tenant (default: all, and the platform's).")
@json_option
@database_option
def schedule_list(tenant: str | None, as_json: bool) -> None:
    """List periodic jobs with the time of the next run.

    Rows without a tenant are work of the platform, which stanchion worker run --operate runs.

    \b
    Example:
        stanchion jobs schedule list
        stanchion jobs schedule list --tenant harbour --json
    """
    with open_database() as conn:
        rows = machinery.list_schedules(conn, tenant)
    if not as_json:
        rows = [row | {name: _text(row[name]) for name in ("next_at", "last_at")} for row in rows]
    print_rows(as_json, rows, "No periodic job.")


@schedule.command("add")
@click.argument("name")
@click.option("--cron", required=True, help="Five fields (minute hour day month weekday), or @daily and the like.")
@click.option("--queue", metavar="QUEUE", help="Queue of the jobs. Required with --tenant.")
@click.option("--payload", default="{}", show_default=True, metavar="JSON", help="Object that each job contains.")
@_zone
@_tenant
@json_option
@database_option
def schedule_add(
    name: str, cron: str, queue: str | None, payload: str, zone: str, tenant: str | None, as_json: bool
) -> None:
    """Add a periodic job, or change the one of that name.

    Each time of the expression enqueues one job. Times that were missed are caught up by one job. Without --tenant,
    NAME is a kind of the platform's own work, whose times are changed.

    \b
    Example:
        stanchion jobs schedule add nightly --tenant harbour --queue stock.orders --cron "@daily"
        stanchion jobs schedule add stanchion.build --cron "*/5 * * * *"
    """
    if (tenant is None) != (queue is None):
        raise click.UsageError("Expected both --tenant and --queue, or neither for the platform's own work.")
    if tenant is None and payload != "{}":
        raise click.UsageError("--payload needs --tenant.")
    with open_database() as conn:
        next_at = machinery.add(conn, tenant, name, queue, cron, zone, _object(payload))
    _print_next(as_json, name, next_at)


@schedule.command("remove")
@click.argument("name")
@click.option("--tenant", required=True, metavar="SLUG", help="Tenant of the periodic job.")
@json_option
@database_option
def schedule_remove(name: str, tenant: str, as_json: bool) -> None:
    """Remove a periodic job of a tenant.

    Jobs that it has enqueued stay. The platform's own work is paused instead.

    \b
    Example:
        stanchion jobs schedule remove nightly --tenant harbour
    """
    with open_database() as conn:
        machinery.remove(conn, tenant, name)
    print_result(as_json, {"name": name, "tenant": tenant, "removed": True}, f"{name} of {tenant} is removed.")


@schedule.command("pause")
@click.argument("name")
@_tenant
@json_option
@database_option
def schedule_pause(name: str, tenant: str | None, as_json: bool) -> None:
    """Pause a periodic job.

    \b
    Example:
        stanchion jobs schedule pause nightly --tenant harbour
        stanchion jobs schedule pause stanchion.sessions
    """
    with open_database() as conn:
        machinery.pause(conn, tenant, name, is_paused=True)
    print_result(as_json, {"name": name, "next_at": None}, f"{name} is paused.")


@schedule.command("resume")
@click.argument("name")
@_tenant
@json_option
@database_option
def schedule_resume(name: str, tenant: str | None, as_json: bool) -> None:
    """Resume a periodic job from its next time on.

    Times that passed during the pause are not caught up.

    \b
    Example:
        stanchion jobs schedule resume nightly --tenant harbour
    """
    with open_database() as conn:
        next_at = machinery.pause(conn, tenant, name, is_paused=False)
    _print_next(as_json, name, next_at)


@schedule.command("next")
@click.argument("cron")
@_zone
@click.option("--count", type=click.IntRange(1, 1000), default=5, show_default=True, help="Number of times to print.")
@json_option
@database_option
def schedule_next(cron: str, zone: str, count: int, as_json: bool) -> None:
    """Print the next times of a cron expression.

    \b
    Example:
        stanchion jobs schedule next "30 2 * * mon-fri" --zone Europe/Berlin
    """
    with open_database() as conn:
        times = machinery.next_times(conn, cron, zone, count)
    if as_json:
        print_json([at.isoformat() for at in times])
    else:
        for at in times:
            click.echo(_text(at))


def _object(payload: str) -> dict[str, Any]:
    try:
        found = json.loads(payload)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise StanchionError(f'--payload is {payload}, expected a JSON object such as {{"of": "day"}}.')
    return found


def _print_next(as_json: bool, name: str, next_at: datetime) -> None:
    print_result(as_json, {"name": name, "next_at": next_at.isoformat()}, f"{name} runs next at {_text(next_at)}.")


def _text(at: datetime | None) -> str | None:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else None

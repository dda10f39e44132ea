"""stats: the stored statistics of tenants, and the age of the marts."""

from dataclasses import asdict
from datetime import timedelta
from json import dumps

import click

from stanchion.cli.options import database_option, json_option, open_database, open_server, until_signal
from stanchion.cli.output import count_of, note, print_json, print_table
from stanchion.ops import stats as machinery
from stanchion.ops.stats import Refreshed
from stanchion.server.connection import connect
from stanchion.server.loop import run_every


@click.group()
def stats() -> None:
    """Refresh the statistics of tenants and show their age."""


@stats.command("refresh")
@click.option("--watch", is_flag=True, help="Refresh repeatedly, until SIGTERM or Ctrl-C.")
@click.option(
    "--every",
    type=click.FloatRange(min=1),
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    help="Time between two refreshes with --watch.",
)
@json_option
@database_option
def stats_refresh(watch: bool, every: float, as_json: bool) -> None:
    """Compute the statistics of all tenants from scratch.

    Also records the sizes of tables. Readers see the previous statistics until the new ones are complete.

    \b
    Example:
        stanchion stats refresh
        stanchion stats refresh --watch --every 60
    """

    def print_refreshed(result: Refreshed) -> None:
        if as_json:
            click.echo(dumps(asdict(result), default=str))
        else:
            tenants, tables = count_of(result.tenants, "tenant"), count_of(result.tables, "table")
            click.echo(f"{tenants} in {result.seconds:.2f} s, {tables} measured.")

    def refresh() -> None:
        with connect(server) as conn:
            print_refreshed(machinery.refresh(conn, note))

    with open_server() as server:
        if watch:
            with until_signal() as stop:
                run_every(every, stop, refresh, note)
        else:
            refresh()


@stats.command("age")
@json_option
@database_option
def stats_age(as_json: bool) -> None:
    """Show the age of the statistics and of each mart.

    The oldest is listed first.

    \b
    Example:
        stanchion stats age
    """
    with open_database() as conn:
        rows = machinery.ages(conn)
    if as_json:
        print_json(rows)
    else:
        print_table(
            [_row(row) for row in rows], "No statistics are stored yet; compute them with: stanchion stats refresh"
        )


def _row(row: dict[str, object]) -> dict[str, object]:
    if row["refreshed_at"] is None:
        return {"name": row["name"], "refreshed at": "never", "age": ""}
    age = timedelta(seconds=int(str(row["age_s"])))
    return {"name": row["name"], "refreshed at": f"{row['refreshed_at']:%Y-%m-%d %H:%M:%S} UTC", "age": str(age)}

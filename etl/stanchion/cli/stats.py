"""stats: the numbers that are kept of tenants."""

from dataclasses import asdict
from datetime import timedelta
from json import dumps

import click

from stanchion.cli.options import (
    database_option,
    json_option,
    note,
    open_database,
    open_server,
    print_json,
    print_table,
    some,
    until_signal,
)
from stanchion.ops import stats as machinery
from stanchion.ops.stats import Refreshed
from stanchion.server.connection import connect


@click.group()
def stats() -> None:
    """Keep the numbers of tenants that pages show many of."""


@stats.command("refresh")
@click.option("--watch", is_flag=True, help="Again and again, until SIGTERM or Ctrl-C.")
@click.option(
    "--every",
    type=click.FloatRange(min=1),
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait in between, with --watch.",
)
@json_option
@database_option
def stats_refresh(watch: bool, every: float, as_json: bool) -> None:
    """Compute the stats of all tenants anew, while others read those from before; write down how big tables are.

    \b
    Example:
        stanchion stats refresh
        stanchion stats refresh --watch --every 60
    """

    def tell(done: Refreshed) -> None:
        if as_json:
            click.echo(dumps(asdict(done), default=str))
        else:
            click.echo(
                f"{some(done.tenants, 'tenant')} in {done.seconds:.2f} s, {some(done.tables, 'table')} measured."
            )

    with open_server() as server:
        if watch:
            with until_signal() as stop:
                machinery.watch(server, every, stop, tell, note)
        else:
            with connect(server) as conn:
                tell(machinery.refresh(conn, note))


@stats.command("age")
@json_option
@database_option
def stats_age(as_json: bool) -> None:
    """Say how old the stats of tenants are, and each mart, the oldest first.

    \b
    Example:
        stanchion stats age
    """
    with open_database() as conn:
        rows = machinery.ages(conn)
    if as_json:
        print_json(rows)
    else:
        print_table([_row(row) for row in rows], "Nothing is kept yet.")


def _row(row: dict[str, object]) -> dict[str, object]:
    if row["refreshed_at"] is None:
        return {"name": row["name"], "refreshed at": "never", "age": ""}
    age = timedelta(seconds=int(str(row["age_s"])))
    return {"name": row["name"], "refreshed at": f"{row['refreshed_at']:%Y-%m-%d %H:%M:%S} UTC", "age": str(age)}

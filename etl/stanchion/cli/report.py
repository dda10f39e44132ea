"""report: the marts of a league, or the partitions, as one HTML file."""

from pathlib import Path

import click

from stanchion.cli.options import database_option, json_option, open_reader, reader_options
from stanchion.cli.options import report as say
from stanchion.errors import StanchionError
from stanchion.report.league import league_page
from stanchion.report.page import write
from stanchion.report.partitions import partitions_page
from stanchion.server.connection import connect


@click.command()
@click.option(
    "--tenant", metavar="SLUG", help="Whose season; for an analyst's login the name of the tenant, or its id."
)
@click.option("--partitions", is_flag=True, help="Instead: how the partitions are, for a DBA.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file to write.")
@click.option("--season", metavar="KEY", help="Which season; the latest in which a game counts unless said.")
@click.option("--as", "login", metavar="LOGIN", help="Read as this analyst's login would; for a superuser.")
@json_option
@reader_options
@database_option
def report(
    tenant: str | None, partitions: bool, out: Path, season: str | None, login: str | None, as_json: bool
) -> None:
    """Write a league's season as one HTML page to send: tables, leaders, teams, players, and what is left out and why.

    The page asks nothing of anybody: no script, no font, no picture from elsewhere. It prints, it is read on a
    telephone, and an analyst's login sees in it what row level security shows.

    \b
    Example:
        stanchion report --tenant harbour --out harbour.html
        stanchion report --partitions --out partitions.html
    """
    if partitions == bool(tenant):
        raise click.UsageError("Say either --tenant SLUG, or --partitions.")
    if partitions and (season or login):
        raise click.UsageError("--season and --as go with --tenant.")
    if not out.parent.is_dir():
        raise StanchionError(f"There is no folder {out.parent} to write {out.name} into.")
    with open_reader() as server, connect(server, needs_session=partitions) as conn:
        page = partitions_page(conn) if partitions else league_page(conn, str(tenant), season, login)
    write(page, out)
    say(as_json, {"file": str(out), "bytes": len(page.encode())}, f"{out} is written: {len(page.encode()) // 1024} kB.")

"""`stanchion export`."""

from dataclasses import asdict
from pathlib import Path

import click

from stanchion.cli import completing
from stanchion.cli.options import database_option, json_option, open_marts_reader, reader_options
from stanchion.cli.output import note, print_json, print_rows
from stanchion.export.write import FORMATS
from stanchion.server.connection import connect


@click.command()
@click.argument("marts", nargs=-1, metavar="[MART]...", shell_complete=completing.marts)
@click.option(
    "--tenant",
    metavar="SLUG",
    shell_complete=completing.tenants,
    required=True,
    help="Tenant. An analyst's login gives its name or its id.",
)
@click.option("--list", "is_list", is_flag=True, help="List the marts instead of writing them.")
@click.option("--all", "is_all", is_flag=True, help="Write every mart.")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), help="Format (default: that of the file's name, else csv)."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, allow_dash=True),
    default="-",
    show_default=True,
    help="File to write, or folder for several marts; - is standard output.",
)
@click.option(
    "--since", type=click.IntRange(min=0), metavar="LOAD", help="Write only games that changed after this load."
)
@click.option(
    "--partition-by", metavar="COLUMN", help="Write a folder of Parquet with a partition for each value of a column."
)
@click.option("--as", "login", metavar="LOGIN", help="Read with the privileges of this analyst. For superusers.")
@json_option
@reader_options
@database_option
def export(
    marts: tuple[str, ...],
    tenant: str,
    is_list: bool,
    is_all: bool,
    form: str | None,
    out: Path,
    since: int | None,
    partition_by: str | None,
    login: str | None,
    as_json: bool,
) -> None:
    """Write marts of a tenant as CSV, JSON, Excel, Parquet or Arrow.

    All files come from one snapshot, and contain only what row-level security shows to the login. Rows are streamed, so
    that a mart of any size needs little memory. A file is replaced when it is complete.

    With --since, marts of games contain only the games that changed after a load, and other marts every row. The
    command prints the last load, which the next --since takes. A folder with partitions is brought up to date: the
    partitions of changed games are written again.

    \b
    Example:
        stanchion export standings --tenant harbour
        stanchion export standings fact_player_season --tenant harbour --out season.xlsx
        stanchion export fact_event --tenant harbour --partition-by season_key --out lake --since 12
    """
    from stanchion.access.reader import open_tenant
    from stanchion.export import marts as found
    from stanchion.export.write import STDOUT, format_of, write_marts, write_partitioned

    if not is_list and bool(marts) == is_all:
        raise click.UsageError("Expected the names of marts, or --all, or --list.")
    if partition_by and (out == STDOUT or format_of(out, form or "parquet") != "parquet"):
        raise click.UsageError("--partition-by writes Parquet to a folder: it needs --out FOLDER.")
    if as_json and out == STDOUT and not is_list:
        raise click.UsageError("--json prints the result on standard output, so the rows need a file: --out FILE.")
    with (
        open_marts_reader() as server,
        connect(server, needs_session=False) as conn,
        open_tenant(server, conn, tenant, login) as (reader, whose),
    ):
        readable = found.readable_marts(reader)
        if is_list:
            print_rows(as_json, [mart.facts() for mart in readable.values()], "This login can read no mart.")
            return
        chosen = list(readable.values()) if is_all else found.choose(readable, marts)
        changes = None if since is None else found.changes_since(reader, whose.tenant_id, since)
        selection = found.Selection(whose.tenant_id, changes.games if changes else None)
        if partition_by:
            written = write_partitioned(reader, chosen, selection, partition_by, out, note)
        else:
            written = write_marts(reader, chosen, selection, format_of(out, form), out, note)
    if changes:
        note(f"{len(changes.games):,} games changed. Next time: --since {changes.last_load}")
    if as_json:
        result: dict[str, object] = {"files": [asdict(each) for each in written]}
        if changes:
            result |= {"games": changes.games, "last_load": changes.last_load}
        print_json(result)

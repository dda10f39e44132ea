"""The program `pg-partman-cli`: the commands of `stanchion partitions`, and two for the extension pg_partman."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from stanchion.cli import DSN_HELP
from stanchion.cli.main import Program
from stanchion.cli.options import Options, database_option, json_option, open_database
from stanchion.cli.output import note, print_json, print_rows, printable, wants_plain_text
from stanchion.cli.partitions import partitions
from stanchion.partitions import partman


class PartmanProgram(Program):
    """The commands of the group `stanchion partitions` itself, with those of this module."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*partitions.list_commands(ctx), *self.commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return partitions.get_command(ctx, cmd_name) or self.commands.get(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in (("Stanchion", partitions.list_commands(ctx)), ("pg_partman", list(self.commands))):
            with formatter.section(title):
                formatter.write_dl(list(self._summaries(ctx, names)))

    def _summaries(self, ctx: click.Context, names: list[str]) -> Iterator[tuple[str, str]]:
        for name in names:
            if command := self.get_command(ctx, name):
                yield name, command.get_short_help_str(80)


@click.group(cls=PartmanProgram, sections={}, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--dsn", metavar="DSN", help=DSN_HELP)
@click.version_option(package_name="stanchion")
@click.pass_context
def main(ctx: click.Context, dsn: str | None) -> None:
    """Maintain partitions of Stanchion and of the extension pg_partman.

    The commands of Stanchion are those of `stanchion partitions`.

    \b
    Example:
        pg-partman-cli status
        pg-partman-cli maintain
    """
    if wants_plain_text():
        ctx.color = False
    ctx.obj = Options(dsn)


@main.command()
@json_option
@database_option
def tables(as_json: bool) -> None:
    """List the tables that pg_partman manages.

    \b
    Example:
        pg-partman-cli tables
    """
    with open_database() as conn:
        rows = partman.list_tables(conn)
    print_rows(as_json, rows, "pg_partman manages no table.")


@main.command()
@click.argument("table", required=False)
@json_option
@database_option
def maintain(table: str | None, as_json: bool) -> None:
    """Run the maintenance of pg_partman for its tables.

    Without TABLE, for each table with automatic maintenance. Tables that Stanchion expires too are left to the command
    run. pg_partman drops expired partitions under a lock; a table whose lock is not granted is reported as failed. The
    exit code is then 1, and the other tables are maintained.

    \b
    Example:
        pg-partman-cli maintain
        pg-partman-cli maintain public.reading
    """
    results: list[dict[str, Any]] = []
    with open_database() as conn:
        for result in partman.run_maintenance(conn, table, lambda name: note(f"maintaining {name} ...")):
            results.append(result)
            if not as_json:
                click.echo(printable(_sentence(result)))
    if as_json:
        print_json(results)
    elif not results:
        click.echo("Nothing to do: pg_partman manages no table.")
    if any(result["error"] for result in results):
        click.get_current_context().exit(1)


def _sentence(result: dict[str, Any]) -> str:
    if result["error"]:
        return f"failed      {result['table']}: {result['error']}"
    if result["left_to"]:
        return f"skipped     {result['table']}: run pg-partman-cli run"
    return f"maintained  {result['table']}: {len(result['made'])} made, {len(result['dropped'])} dropped"


if __name__ == "__main__":
    main()

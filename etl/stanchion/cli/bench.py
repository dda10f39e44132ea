"""bench: measure the most frequent operations on the server."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from stanchion.cli.bench_cluster import cluster
from stanchion.cli.options import database_option, json_option, open_server
from stanchion.cli.output import note, print_json, print_table
from stanchion.dev.bench.compare import as_row
from stanchion.dev.bench.entries import ENTRIES, Effort
from stanchion.dev.bench.page import about, write_pages
from stanchion.dev.bench.peers import require
from stanchion.server.connection import connect


class Bench(click.Group):
    """A command with the names of benchmarks as arguments, and one subcommand, which has options of its own."""

    allow_interspersed_args = True  # a group expects its options first

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        if args and (command := self.commands.get(args[0])):
            return command.make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


class Names(click.Argument):
    """The names of benchmarks. They are not part of the path of the subcommand."""

    def get_usage_pieces(self, ctx: click.Context) -> list[str]:
        return super().get_usage_pieces(ctx) if isinstance(ctx.command, Bench) else []


@click.group(cls=Bench, invoke_without_command=True, no_args_is_help=False, subcommand_metavar="")
@click.argument("names", cls=Names, metavar="[NAME]...", nargs=-1, type=click.Choice(list(ENTRIES)))
@click.option("--seconds", default=2.0, show_default=True, help="Duration of each run, in seconds.")
@click.option("--rounds", default=5, show_default=True, help="Runs of each alternative. Results are medians.")
@click.option(
    "--rows",
    default=10_000_000,
    show_default=True,
    help="Live keys of claims-live-keys (the default needs 2 GB). marts and workspace use half of it, load at most a "
    "million.",
)
@click.option(
    "--games",
    default=1312,
    show_default=True,
    type=click.IntRange(1),
    help="Games of season, and at most 400 of refresh. 1,312 is a season of 32 teams, and its files need 2.5 GB.",
)
@click.option(
    "--clients",
    multiple=True,
    type=int,
    default=(1, 8, 32),
    show_default=True,
    help="Number of concurrent clients of claims. Can be repeated.",
)
@click.option(
    "--page",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File for a Markdown page of the results. Lines of single marts go to a second file: b-marts.md for b.md.",
)
@json_option
@database_option
def bench(names: tuple[str, ...], file: Path | None, as_json: bool, **effort: Any) -> None:
    """Measure the most frequent operations and their alternatives.

    Runs in scratch databases, which are dropped at the end. Alternatives alternate within one run, because ratios
    are more reliable than single numbers on a machine with other load. Needs pgbench, and a role that can create
    databases and logins. load, season and refresh need pip install 'stanchion[bench]'.

    \b
    Example:
        stanchion bench
        stanchion bench claims --seconds 5 --clients 8 --json
        stanchion bench season --games 40 --rounds 1
        stanchion bench --page docs/benchmarks.md
    """
    require(names or ENTRIES)
    with open_server() as server:
        results = {name: ENTRIES[name](server, Effort(**effort, report=note)) for name in names or ENTRIES}
        if file:
            with connect(server) as conn:
                pages = write_pages(file.name, results, about(conn, effort), ENTRIES, as_row)
            for name, text in pages.items():
                file.with_name(name).write_text(text, encoding="utf-8")
    if as_json:
        print_json({name: [asdict(result) for result in found] for name, found in results.items()})
        return
    for name, found in results.items():
        click.secho(f"\n{name}", bold=True)
        print_table([as_row(result) for result in found], "Nothing was measured.")


bench.add_command(cluster)

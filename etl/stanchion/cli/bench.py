"""bench: measure the most frequent operations on the server."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from stanchion.cli.options import database_option, json_option, open_server
from stanchion.cli.output import note, print_json, print_table
from stanchion.dev.bench.compare import Result
from stanchion.dev.bench.entries import ENTRIES, Effort
from stanchion.dev.bench.page import about, page
from stanchion.server.connection import connect


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1, type=click.Choice(list(ENTRIES)))
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
    help="File for a Markdown page of the results.",
)
@json_option
@database_option
def bench(names: tuple[str, ...], file: Path | None, as_json: bool, **effort: Any) -> None:
    """Measure the most frequent operations and their alternatives.

    Runs in scratch databases, which are dropped at the end. Alternatives alternate within one run, because ratios
    are more reliable than single numbers on a machine with other load. Needs pgbench, and a role that can create
    databases and logins.

    \b
    Example:
        stanchion bench
        stanchion bench claims --seconds 5 --clients 8 --json
        stanchion bench --page docs/benchmarks.md
    """
    with open_server() as server:
        results = {name: ENTRIES[name](server, Effort(**effort, report=note)) for name in names or ENTRIES}
        if file:
            with connect(server) as conn:
                text = page(results, about(conn, effort), ENTRIES, _row)
            file.write_text(text, encoding="utf-8")
    if as_json:
        print_json({name: [asdict(result) for result in found] for name, found in results.items()})
        return
    for name, found in results.items():
        click.secho(f"\n{name}", bold=True)
        print_table([_row(result) for result in found], "Nothing was measured.")


def _row(result: Result) -> dict[str, str]:
    return {
        "what": result.what,
        "clients": str(result.clients),
        "per second": f"{result.per_second:,.0f}" if result.per_second >= 100 else f"{result.per_second:.1f}",
        "p50 ms": f"{result.p50_ms:.2f}",
        "p95 ms": f"{result.p95_ms:.2f}",
        "ratio": "" if result.ratio is None else f"{result.ratio:.2f}",
        "bar": "" if result.bar is None else f"{result.bar:.2f}, {'reached' if result.holds else 'missed'}",
    }

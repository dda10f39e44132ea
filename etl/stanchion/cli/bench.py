"""bench: how fast is what is asked most, on this server?"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from stanchion.cli.options import database_option, json_option, note, open_server, print_json, print_table
from stanchion.dev.bench.compare import Result
from stanchion.dev.bench.entries import ENTRIES, Effort
from stanchion.dev.bench.page import about, page
from stanchion.server.connection import connect


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1, type=click.Choice(list(ENTRIES)))
@click.option("--seconds", default=2.0, show_default=True, help="How long each run takes.")
@click.option("--rounds", default=5, show_default=True, help="How often each alternative runs; medians are shown.")
@click.option(
    "--rows",
    default=10_000_000,
    show_default=True,
    help="Live keys for claims-live-keys, 2 GB by default; marts and workspace take half, load a million at most.",
)
@click.option(
    "--clients", multiple=True, type=int, default=(1, 8, 32), show_default=True, help="How many at once, for claims."
)
@click.option("--page", "file", type=click.Path(dir_okay=False, path_type=Path), help="Also write a page, in Markdown.")
@json_option
@database_option
def bench(names: tuple[str, ...], file: Path | None, as_json: bool, **effort: Any) -> None:
    """Measure what is asked most beside its alternatives, in a scratch database that is dropped.

    Alternatives take turns within one run: on a machine that others use too, ratios mean more than single numbers.
    It needs pgbench, and who may make databases and logins.

    \b
    Example:
        stanchion bench
        stanchion bench claims --seconds 5 --clients 8 --json
        stanchion bench --page docs/benchmarks.md
    """
    with open_server() as server:
        results = {name: ENTRIES[name](server, Effort(**effort, say=note)) for name in names or ENTRIES}
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

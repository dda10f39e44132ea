"""build and report: build the marts of the tenants, and write pages about them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stanchion.cli import completing
from stanchion.cli.logs import event, log_option
from stanchion.cli.options import (
    database_option,
    json_option,
    marts_option,
    open_marts_reader,
    open_reader,
    open_server,
    reader_options,
)
from stanchion.cli.output import count_of, note, print_json, print_result, print_table, printable
from stanchion.errors import StanchionError
from stanchion.marts import BuildResult, Node
from stanchion.marts import build as build_marts
from stanchion.server.connection import connect

if TYPE_CHECKING:
    from stanchion.marts.plan import Plan, Planned
    from stanchion.report.site.build import SiteResult

_COLOURS = {"built": "green", "failed": "red", "skipped": "yellow"}


@click.command()
@click.argument("selection", nargs=-1, shell_complete=completing.marts)
@click.option("--full-refresh", is_flag=True, help="Compute every row from scratch, without blocking readers.")
@click.option(
    "--tenant",
    metavar="SLUG",
    shell_complete=completing.tenants,
    help="Compute only the games of this tenant (default: all tenants).",
)
@click.option(
    "--wait", default=600, show_default=True, metavar="SECONDS", help="Longest wait for another build to finish."
)
@click.option("--plan", "is_plan", is_flag=True, help="Print the marts to compute, and why. Nothing is written.")
@marts_option
@json_option
@log_option
@database_option
def build(
    selection: tuple[str, ...],
    full_refresh: bool,
    tenant: str | None,
    wait: int,
    is_plan: bool,
    marts_dsn: str | None,
    as_json: bool,
) -> None:
    """Update the marts from new loads, and test them.

    Without new loads, no mart is changed. A mart that fails keeps its previous rows, and the marts that depend on it
    are skipped. All others are built, and the exit code is 1.

    SELECTION has the syntax of dbt: names of marts, name+ for a mart and its dependents, tag: and path:. Without a
    selection, every mart is built.

    \b
    Example:
        stanchion build
        stanchion build fact_team_game+ --full-refresh
        stanchion build --plan
    """
    if is_plan:
        from stanchion.marts.plan import plan

        with open_server() as server:
            found = plan(server, selection, full_refresh=full_refresh, tenant=tenant, marts_dsn=marts_dsn)
        if as_json:
            print_json(found.facts())
        else:
            _print_plan(found)
        return

    def on_node(node: Node) -> None:
        log_node(node)
        if not as_json and (node.kind == "model" or node.outcome == "failed"):
            click.echo(_line(node))

    with open_server() as server:
        result = build_marts(
            server,
            selection,
            full_refresh=full_refresh,
            tenant=tenant,
            marts_dsn=marts_dsn,
            wait=wait,
            report=note,
            on_node=on_node,
        )
    if selection and not result.nodes:
        raise StanchionError(
            f"'{' '.join(selection)}' selects neither a mart nor a test; expected a name, tag: or path:."
        )
    event(
        "build",
        "error" if result.failed else "info",
        tenant=tenant,
        counts={f"{kind}s_{name}": count for kind in ("model", "test") for name, count in result.count(kind).items()},
        duration_ms=result.seconds * 1000,
        error=result.failed[0].message if result.failed else None,
    )
    if as_json:
        print_json(_facts(result))
    else:
        click.echo(_summary(result))
    if result.failed:
        click.get_current_context().exit(1)


def _print_plan(plan: Plan) -> None:
    """Print a line for each tenant, reason and load, with the number of marts."""
    groups: dict[tuple[str, str, tuple[int, ...]], list[Planned]] = {}
    for each in plan.planned:
        groups.setdefault((each.tenant, each.reason, tuple(each.loads)), []).append(each)
    rows = [
        {
            "tenant": tenant,
            "reason": reason,
            "loads": list(loads),
            "games": max((each.games or 0 for each in group), default=0),
            "items": max((each.items or 0 for each in group), default=0),
            "marts": len(group),
        }
        for (tenant, reason, loads), group in sorted(groups.items())
    ]
    print_table(rows, "Nothing new: the marts contain every completed load.")
    if plan.is_project_changed:
        click.echo("The project changed since the last build: every view is made again.")
    for row in plan.unscored:
        click.echo(f"{row['tenant']}: the confirmed scores of {count_of(row['games'], 'game')} are compared first.")
    if plan.compared:
        names = ", ".join(name.removeprefix("marts.") for name in plan.compared)
        click.echo(f"Compared in each build, as their sources change without a load: {names}.")
    for load in plan.held_back_by[:1]:
        click.echo(f"{load}; the marts leave out this load and every later one until it ends.")


def log_node(node: Node) -> None:
    """Write a model, or a test that failed, to a log of JSON."""
    if node.kind == "model" or node.outcome == "failed":
        event(
            "model" if node.kind == "model" else "test",
            "error" if node.outcome == "failed" else "info",
            counts={} if node.rows is None or node.rows < 0 else {"rows": node.rows},
            duration_ms=node.seconds * 1000,
            error=node.message or None,
            message=f"{node.name} {node.outcome}",
        )


def _line(node: Node) -> str:
    outcome = click.style(f"{node.outcome:9}", fg=_COLOURS.get(node.outcome))
    rows = "" if node.rows is None or node.rows < 0 else f"  {count_of(node.rows, 'row')}"
    problem = f"\n  {printable(node.message)}" if node.message else ""
    return f"{outcome} {node.name:30} {node.seconds:6.2f} s{rows}{problem}"


def _summary(result: BuildResult) -> str:
    models, tests = result.count("model"), result.count("test")
    parts = [f"{count_of(models.get('built', 0), 'mart')} changed"]
    if tests:
        parts.append(f"{count_of(tests.get('passed', 0), 'test')} passed")
    if result.failed:
        skipped = sum(node.outcome == "skipped" for node in result.nodes)
        parts.append(f"{len(result.failed)} failed and {skipped} were skipped because of that")
    if result.is_current and not result.failed:
        parts = ["Nothing new: the marts contain every completed load"]
        if result.held_back_by:
            parts = [f"Nothing new: the marts wait for running loads. {result.held_back_by[0]}"]
    return f"{', '.join(parts)}. {result.seconds:.1f} s."


def _facts(result: BuildResult) -> dict[str, object]:
    return {
        "current": result.is_current,
        "held_back_by": [asdict(load) for load in result.held_back_by],
        "seconds": round(result.seconds, 2),
        "models": result.count("model"),
        "tests": result.count("test"),
        "failed": [{"name": node.name, "message": node.message} for node in result.failed],
        "nodes": [
            {"name": node.name, "kind": node.kind, "outcome": node.outcome, "seconds": node.seconds, "rows": node.rows}
            for node in result.nodes
        ],
    }


@click.command()
@click.option(
    "--tenant",
    metavar="SLUG",
    shell_complete=completing.tenants,
    help="League to report on. An analyst's login gives its name or its id.",
)
@click.option("--partitions", is_flag=True, help="Report on the partitions instead of a league.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File (.html) or folder to write.")
@click.option("--season", metavar="KEY", help="Season to report on (default: the latest one with a game that counts).")
@click.option("--as", "login", metavar="LOGIN", help="Read with the privileges of this analyst. For superusers.")
@json_option
@reader_options
@database_option
def report(
    tenant: str | None, partitions: bool, out: Path, season: str | None, login: str | None, as_json: bool
) -> None:
    """Write the season of a league as HTML pages.

    A folder gets a site: the league, its games, and a page per team, player and game. A later run writes only the pages
    that changed. A file that ends with .html gets one page with standings, leaders, teams, players, and the games that
    do not count with the reasons. Neither needs a network: no script, style, font or picture from elsewhere. With an
    analyst's login, it contains only what row-level security shows to that login.

    \b
    Example:
        stanchion report --tenant harbour --out harbour.html
        stanchion report --tenant harbour --out /srv/www/harbour
        stanchion report --partitions --out partitions.html
    """
    from stanchion.access.reader import open_tenant
    from stanchion.report.league import league_page
    from stanchion.report.page import write
    from stanchion.report.partitions import partitions_page
    from stanchion.report.site.build import build_site

    if partitions == bool(tenant):
        raise click.UsageError("Expected either --tenant SLUG or --partitions.")
    if partitions and (season or login):
        raise click.UsageError("--season and --as need --tenant.")
    if not out.parent.is_dir():
        raise StanchionError(f"{out.name} cannot be written: the folder {out.parent} does not exist.")
    is_site = out.is_dir() or (not out.exists() and out.suffix.lower() not in (".html", ".htm"))
    if partitions and is_site:
        raise click.UsageError("--partitions writes one file: --out needs a name that ends with .html.")
    opened = open_reader() if partitions else open_marts_reader()
    with opened as server, connect(server, needs_session=partitions) as conn:
        if partitions:
            page = partitions_page(conn)
        else:
            with open_tenant(server, conn, str(tenant), login) as (reader, whose):
                if is_site:
                    _print_site(build_site(reader, whose, out, season), out, as_json)
                    return
                page = league_page(reader, whose, season)
    write(page, out)
    size = len(page.encode())
    print_result(as_json, {"file": str(out), "bytes": size}, f"{out} is written: {size // 1024} kB.")


def _print_site(result: SiteResult, out: Path, as_json: bool) -> None:
    text = f"{out} has {count_of(result.pages, 'page')}: {result.written:,} written, {result.removed:,} removed."
    print_result(as_json, {"folder": str(out), **asdict(result)}, text)

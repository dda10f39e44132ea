"""build: bring the marts up to what was loaded."""

import click

from stanchion.cli.options import database_option, json_option, note, open_server, print_json, some
from stanchion.errors import StanchionError
from stanchion.marts import Node, Report
from stanchion.marts import build as run_build

_COLOURS = {"built": "green", "failed": "red", "skipped": "yellow"}


@click.command()
@click.argument("selection", nargs=-1)
@click.option("--full-refresh", is_flag=True, help="Compute everything anew, in place; readers notice nothing.")
@click.option("--tenant", metavar="SLUG", help="Compute the games of this tenant alone.")
@click.option("--wait", default=600, show_default=True, help="Seconds to wait for another build.")
@json_option
@database_option
def build(selection: tuple[str, ...], full_refresh: bool, tenant: str | None, wait: int, as_json: bool) -> None:
    """Bring the marts up to every load that is over, and test them; with nothing new, touch no mart.

    SELECTION is dbt's: names of marts, name+ for what reads them too, tag:, path:. Without one it is everything.
    A mart that fails is as it was before; what depends on it is skipped, the rest goes on, and the exit code is 1.

    \b
    Example:
        stanchion build
        stanchion build fact_team_game+ --full-refresh
    """

    def on_node(node: Node) -> None:
        if not as_json and (node.kind == "model" or node.outcome == "failed"):
            click.echo(_line(node))

    with open_server() as server:
        report = run_build(
            server, selection, full_refresh=full_refresh, tenant=tenant, wait=wait, say=note, on_node=on_node
        )
    if selection and not report.nodes:
        raise StanchionError(f"There is no mart or test that '{' '.join(selection)}' selects.")
    if as_json:
        print_json(_facts(report))
    else:
        click.echo(_summary(report))
    if report.failed:
        click.get_current_context().exit(1)


def _line(node: Node) -> str:
    word = click.style(f"{node.outcome:9}", fg=_COLOURS.get(node.outcome))
    rows = "" if node.rows is None or node.rows < 0 else f"  {some(node.rows, 'row')}"
    problem = f"\n  {node.message}" if node.message else ""
    return f"{word} {node.name:30} {node.seconds:6.2f} s{rows}{problem}"


def _summary(report: Report) -> str:
    models, tests = report.count("model"), report.count("test")
    parts = [f"{some(models.get('built', 0), 'mart')} changed"]
    if tests:
        parts.append(f"{some(tests.get('held', 0), 'test')} held")
    if report.failed:
        skipped = sum(node.outcome == "skipped" for node in report.nodes)
        parts.append(f"{len(report.failed)} failed and {skipped} were skipped for it")
    if report.is_current and not report.failed:
        parts = ["Nothing new: the marts hold every load that is over"]
    return f"{', '.join(parts)}. {report.seconds:.1f} s."


def _facts(report: Report) -> dict[str, object]:
    return {
        "current": report.is_current,
        "seconds": round(report.seconds, 2),
        "models": report.count("model"),
        "tests": report.count("test"),
        "failed": [{"name": node.name, "message": node.message} for node in report.failed],
        "nodes": [
            {"name": node.name, "kind": node.kind, "outcome": node.outcome, "seconds": node.seconds, "rows": node.rows}
            for node in report.nodes
        ],
    }

"""games: inspect loads, publish and withdraw games, and load schedules."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from stanchion.cli import completing
from stanchion.cli.load import load_facts, print_file_result
from stanchion.cli.options import (
    confirm,
    database_option,
    json_option,
    open_reader,
    open_server,
    reader_options,
    tenant_option,
    yes_option,
)
from stanchion.cli.output import count_of, one_line, print_json, print_result, print_rows
from stanchion.ingest.loading import look
from stanchion.ingest.loading import publish as decisions
from stanchion.ingest.loading.record import FileResult
from stanchion.ingest.loading.schedule import load_schedule
from stanchion.ingest.loading.session import open_session
from stanchion.report.agreement import read_agreements

reason_option = click.option("--reason", metavar="TEXT", help="Reason to record in the audit log (default: none).")


@click.group()
def games() -> None:
    """Inspect loads, publish or withdraw games, load schedules."""


@games.command()
@tenant_option
@click.option("--last", default=20, show_default=True, help="Number of loads to list.")
@json_option
@reader_options
@database_option
def loads(tenant: str, last: int, as_json: bool) -> None:
    """List the latest loads of a tenant, with their outcomes.

    \b
    Example:
        stanchion games loads --tenant harbour
    """
    with open_reader() as server, open_session(server, tenant) as session:
        rows = look.loads(session, last)
    print_rows(as_json, rows, f"No file was loaded yet; load one with: stanchion load PATH --tenant {tenant}")


@games.command()
@tenant_option
@click.option("--load", "load_id", type=int, help="Load to inspect (default: the latest).")
@json_option
@reader_options
@database_option
def rejects(tenant: str, load_id: int | None, as_json: bool) -> None:
    """List the rejected parts of a load.

    Each line contains the file, the part, its position and the reason. With --json, the output also contains the
    rejected parts themselves.

    \b
    Example:
        stanchion games rejects --tenant harbour
        stanchion games rejects --tenant harbour --load 12 --json
    """
    with open_reader() as server, open_session(server, tenant) as session:
        rows = look.rejects(session, load_id)
    if not as_json:
        rows = [{name: text for name, text in row.items() if name != "raw"} for row in rows]
    print_rows(as_json, rows if as_json else [_printable(row) for row in rows], "Everything was accepted.")


@games.command()
@click.argument("game")
@tenant_option
@json_option
@reader_options
@database_option
def revisions(game: str, tenant: str, as_json: bool) -> None:
    """List every revision of a game.

    They are in the order of their exports, and the published one is marked.

    \b
    Example:
        stanchion games revisions 18969 --tenant harbour
    """
    with open_reader() as server, open_session(server, tenant) as session:
        rows = look.revisions(session, game)
    print_rows(as_json, rows, f"No revision of game {game} was loaded for {tenant}.")


@games.command()
@click.argument("game")
@tenant_option
@click.option("--revision", required=True, metavar="HASH", help="First characters of the content hash of the revision.")
@click.option("--quarantined", is_flag=True, help="Publish the revision even when it is quarantined.")
@reason_option
@json_option
@database_option
def publish(game: str, tenant: str, revision: str, quarantined: bool, reason: str | None, as_json: bool) -> None:
    """Publish an archived revision of a game.

    The game keeps this revision until a revision with a later export is loaded. The decision is in the audit log.

    \b
    Example:
        stanchion games publish 18969 --tenant harbour --revision 3fa9c1
    """
    with open_server() as server, open_session(server, tenant) as session:
        content_hash = decisions.publish(session, game, revision, quarantined=quarantined, reason=reason)
    sentence = f"{game} is published from revision {content_hash[:12]}."
    print_result(as_json, {"game": game, "revision": content_hash}, sentence)


@games.command()
@click.argument("game")
@tenant_option
@reason_option
@yes_option
@json_option
@database_option
def withdraw(game: str, tenant: str, reason: str | None, yes: bool, as_json: bool) -> None:
    """Withdraw a game.

    Its published rows are deleted and its revisions are kept. Loading the same files again does not publish the game. A
    later export or `stanchion games publish` does.

    \b
    Example:
        stanchion games withdraw 18969 --tenant harbour --reason "a test game"
    """
    with open_server() as server, open_session(server, tenant) as session:
        confirm(f"Delete the published rows of game {game}?", yes)
        decisions.withdraw(session, game, reason)
    sentence = f"{game} is withdrawn; publish it with: stanchion games publish {game} --tenant {tenant} --revision HASH"
    print_result(as_json, {"game": game, "withdrawn": True}, sentence)


@games.command()
@tenant_option
@json_option
@database_option
def settle(tenant: str, as_json: bool) -> None:
    """Decide again which source of a game is published.

    A game may have revisions of several sources. The setting contest.source_order decides between them. A change of the
    setting takes effect for a game when one of its files is loaded, or for all games with this command.

    \b
    Example:
        stanchion tenant config harbour contest.source_order '["nhl api-web", "hockey_scraper"]'
        stanchion games settle --tenant harbour
    """
    with open_server() as server, open_session(server, tenant) as session:
        count = decisions.settle(session)
    sentence = f"Games with several sources, now published from the preferred one: {count}."
    print_result(as_json, {"games": count}, sentence)


@games.group(invoke_without_command=True)
@click.option(
    "--tenant", metavar="SLUG", shell_complete=completing.tenants, help="Slug or id of the tenant (required)."
)
@json_option
@reader_options
@database_option
@click.pass_context
def quality(ctx: click.Context, tenant: str | None, as_json: bool) -> None:
    """Show tracked and official scores, coverage and flags of games.

    Games whose source contains official figures show how many of them the marts equal, as of the last build. With
    --json, the output also contains the number by column and every difference.

    \b
    Example:
        stanchion games quality --tenant harbour
        stanchion games quality accept 18969 --tenant harbour --reason "the sheet was wrong"
    """
    if ctx.invoked_subcommand:
        return
    if not tenant:
        raise click.UsageError("Missing option '--tenant'.", ctx)
    with open_reader() as server, open_session(server, tenant) as session:
        rows = look.quality(session)
        official = read_agreements(session.conn, session.tenant_id)
    if as_json:
        rows = [row | {"official": asdict(found) if (found := official.get(row["game"])) else None} for row in rows]
    else:
        rows = [row | {"flags": [f"{name} {count}" for name, count in row["flags"].items()]} for row in rows]
        if official:
            rows = [row | {"official": str(official.get(row["game"], ""))} for row in rows]
    print_rows(as_json, rows, f"No game of {tenant} is published yet.")


@quality.command()
@click.argument("game")
@tenant_option
@click.option("--reason", required=True, metavar="TEXT", help="Reason why the game counts, kept with the game.")
@json_option
@database_option
def accept(game: str, tenant: str, reason: str, as_json: bool) -> None:
    """Accept a game whose tracked score contradicts the official one.

    The game counts until another revision of it is published.

    \b
    Example:
        stanchion games quality accept 18969 --tenant harbour --reason "the sheet was wrong"
    """
    with open_server() as server, open_session(server, tenant) as session:
        decisions.accept(session, game, reason)
    print_result(as_json, {"game": game, "accepted": reason}, f"{game} is accepted as it is.")


@games.group()
def schedule() -> None:
    """Load the schedules of leagues.

    A schedule sets the dates, teams and official scores of games.
    """


@schedule.command("load")
@click.argument("path", type=click.Path(allow_dash=True))
@tenant_option
@json_option
@database_option
def schedule_load(path: str, tenant: str, as_json: bool) -> None:
    """Load the schedule of a league from a CSV file.

    Required columns are date, home_team and away_team. Optional columns are game_id, season, game_type, home_score and
    away_score, and the scores by period: home_1 and away_1 to home_ot and away_ot. PATH - reads standard input.

    A game whose date changes moves to the partition of its new date, in one transaction for each game. Loading the same
    file again changes nothing. The exit code is 1 when a row was rejected; every other row is loaded.

    \b
    Example:
        stanchion games schedule load games.csv --tenant harbour
    """
    data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    results: list[FileResult] = []

    def on_result(result: FileResult) -> None:
        results.append(result)
        if not as_json:
            print_file_result(result)

    with open_server() as server, open_session(server, tenant) as session:
        total = load_schedule(session, path, data, on_result)
    if as_json:
        print_json(load_facts(total) | {"games": [asdict(each) for each in results]})
    else:
        outcomes = ", ".join(f"{count} {name}" for name, count in sorted(total.outcomes.items()) if count)
        click.echo(f"{count_of(total.seen, 'row')}: {outcomes or 'nothing to load'}.")
        click.echo(f"Load {total.load_id} {total.state} in {total.seconds:.1f} s.")
    if total.rejected:
        click.get_current_context().exit(1)


def _printable(row: dict[str, Any]) -> dict[str, Any]:
    return {name: one_line(text) if isinstance(text, str) else text for name, text in row.items()}

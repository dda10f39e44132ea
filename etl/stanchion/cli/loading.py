"""load and what comes after it: loads, rejects, revisions, publish, unload, quality."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from stanchion.cli.options import (
    confirm,
    database_option,
    json_option,
    note,
    open_reader,
    open_server,
    print_json,
    reader_options,
    report,
    show,
    some,
    yes_option,
)
from stanchion.ingest.loading import look, people
from stanchion.ingest.loading.run import FAILING, Total
from stanchion.ingest.loading.run import load as load_paths
from stanchion.ingest.loading.session import open_session
from stanchion.ingest.loading.worker import Done
from stanchion.ingest.reading.sources import documents

tenant_option = click.option("--tenant", required=True, metavar="SLUG", help="Whose it is: the slug or the id.")
played_on_option = click.option(
    "--played-on",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day of the games, where neither a schedule nor the export says it.",
)
shrink_option = click.option(
    "--accept-shrink", is_flag=True, help="Publish revisions though they lose events, instead of quarantining them."
)
jobs_option = click.option(
    "--jobs", type=click.IntRange(1, 64), default=min(os.cpu_count() or 1, 4), show_default=True, help="Processes."
)

_COLOURS = {"quarantined": "yellow", "rejected": "red"}


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@tenant_option
@played_on_option
@shrink_option
@jobs_option
@click.option("--dry-run", is_flag=True, help="Print what would become of each game, and do nothing.")
@json_option
@database_option
def load(
    paths: tuple[str, ...],
    tenant: str,
    played_on: datetime | None,
    accept_shrink: bool,
    jobs: int,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Load exports: files, folders, patterns, archives, - for standard input; again changes nothing.

    In any order and by any number of loaders at once the same revisions end up published. Exits with 1 when
    something was rejected or quarantined; the rest is loaded. Ctrl-C ends it between two games.

    \b
    Example:
        stanchion load exports/ --tenant harbour
        stanchion load game.json --tenant harbour --played-on 2026-10-03
        stanchion load exports/ --tenant harbour --dry-run
    """
    told: list[Done] = []
    with open_server() as server, _progress(paths, as_json) as advance:

        def on_done(done: Done) -> None:
            advance(done)
            if dry_run or done.outcome in FAILING:
                told.append(done)
                if not as_json and not advance.is_live:
                    print_done(done)

        total = load_paths(
            server,
            tenant,
            paths,
            given_on=played_on.date() if played_on else None,
            accept_shrink=accept_shrink,
            jobs=1 if dry_run else jobs,
            is_rehearsal=dry_run,
            on_done=on_done,
            say=note,
        )
    if as_json:
        print_json(summary(total) | {"dry_run": dry_run, "games": [asdict(done) for done in told]})
    else:
        if advance.is_live:
            for done in told:
                print_done(done)
        print_total(total, dry_run)
    if not total.is_well:
        click.get_current_context().exit(130 if total.state == "interrupted" else 1)


class _Advance:
    """The progress bar, or nothing where nobody watches."""

    def __init__(self, progress: Progress | None, total: int | None) -> None:
        self.is_live = progress is not None
        self._progress, self._total = progress, Total(None)
        self._task = progress.add_task("loading", total=total, said="") if progress else None

    def __call__(self, done: Done) -> None:
        if not self._progress or self._task is None:
            return
        self._total.add(done)
        elapsed = self._progress.tasks[0].elapsed or 1e-9
        counts = self._total.outcomes
        said = f"{self._total.rows / elapsed:,.0f} rows/s" + "".join(
            f", {counts[name]} {name}" for name in ("unchanged", *FAILING) if counts[name]
        )
        self._progress.update(self._task, advance=1, said=said)


@contextmanager
def _progress(paths: tuple[str, ...], as_json: bool) -> Iterator[_Advance]:
    if as_json or not sys.stderr.isatty() or "-" in paths:
        yield _Advance(None, None)
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.fields[said]}"))
    # no thread that refreshes: workers are forked
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as progress:
        yield _Refreshing(progress, sum(1 for _ in documents(paths)))


class _Refreshing(_Advance):
    def __call__(self, done: Done) -> None:
        super().__call__(done)
        if self._progress:
            self._progress.refresh()


def print_done(done: Done) -> None:
    word = click.style(f"{done.outcome:11}", fg=_COLOURS.get(done.outcome))
    click.echo(f"{word} {_line(done.path)}{f' ({_line(done.game)})' if done.game else ''}", nl=False)
    click.echo(f": {done.reason}" if done.reason else "")


def _line(text: str | None) -> str:
    """A name as one line that no terminal takes for a command."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text or "")


def summary(total: Total) -> dict[str, Any]:
    return {
        "load_id": total.load_id,
        "state": total.state,
        "outcomes": dict(total.outcomes),
        "rows": total.rows,
        "seen": total.seen,
        "accepted": total.accepted,
        "rejected": total.rejected,
        "seconds": round(total.seconds, 3),
    }


def print_total(total: Total, dry_run: bool) -> None:
    counts = ", ".join(f"{count} {name}" for name, count in sorted(total.outcomes.items())) or "nothing to load"
    games = f" of {some(len(total.games), 'game')}" if total.games else ""
    click.echo(f"{some(sum(total.outcomes.values()), 'file')}{games}: {counts}.")
    if total.seen:
        click.echo(
            f"{total.accepted:,} events and stints accepted + {total.rejected:,} rejected = {total.seen:,} seen."
        )
    if dry_run:
        click.echo("Nothing was done: this is what a load would do now.")
        return
    click.echo(f"Load {total.load_id} {total.state}: {some(total.rows, 'row')} in {total.seconds:.1f} s.")
    if total.rejected or any(total.outcomes[name] for name in FAILING):
        note(f"Why: stanchion rejects --load {total.load_id}")


@click.command()
@tenant_option
@click.option("--last", default=20, show_default=True, help="How many.")
@json_option
@reader_options
@database_option
def loads(tenant: str, last: int, as_json: bool) -> None:
    """List the latest loads of a tenant, and what came of each.

    \b
    Example:
        stanchion loads --tenant harbour
    """
    with open_reader() as server, open_session(server, tenant) as session:
        rows = look.loads(session, last)
    show(as_json, rows, "Nothing was loaded yet; load something with: stanchion load PATH --tenant SLUG")


@click.command()
@tenant_option
@click.option("--load", "load_id", type=int, help="Of this load; else of the latest.")
@json_option
@reader_options
@database_option
def rejects(tenant: str, load_id: int | None, as_json: bool) -> None:
    """List what was not accepted: file, part, position and reason; with --json the piece itself too.

    \b
    Example:
        stanchion rejects --tenant harbour
        stanchion rejects --tenant harbour --load 12 --json
    """
    with open_reader() as server, open_session(server, tenant) as session:
        rows = look.rejects(session, load_id)
    if not as_json:
        rows = [{name: text for name, text in row.items() if name != "raw"} for row in rows]
    show(as_json, [_printable(row) for row in rows], "Everything was accepted.")


@click.command()
@click.argument("game")
@tenant_option
@json_option
@reader_options
@database_option
def revisions(game: str, tenant: str, as_json: bool) -> None:
    """List every content that a game ever had, in the order of their exports, and which one is published.

    \b
    Example:
        stanchion revisions 18969 --tenant harbour
    """
    with open_reader() as server, open_session(server, tenant) as session:
        rows = look.revisions(session, game)
    show(as_json, rows, f"No revision of {game} was loaded.")


@click.command()
@click.argument("game")
@tenant_option
@click.option("--revision", required=True, metavar="HASH", help="The beginning of its content hash.")
@click.option("--quarantined", is_flag=True, help="Also when the revision is in quarantine.")
@click.option("--reason", metavar="TEXT", help="Why, for the audit.")
@json_option
@database_option
def publish(game: str, tenant: str, revision: str, quarantined: bool, reason: str | None, as_json: bool) -> None:
    """Publish an archived revision of a game, until one is exported later; it is in the audit.

    \b
    Example:
        stanchion publish 18969 --tenant harbour --revision 3fa9c1
    """
    with open_server() as server, open_session(server, tenant) as session:
        content_hash = people.publish(session, game, revision, quarantined=quarantined, reason=reason)
    report(as_json, {"game": game, "revision": content_hash}, f"{game} is published from revision {content_hash[:12]}.")


@click.command()
@click.argument("game")
@tenant_option
@click.option("--reason", metavar="TEXT", help="Why, for the audit.")
@yes_option
@json_option
@database_option
def unload(game: str, tenant: str, reason: str | None, yes: bool, as_json: bool) -> None:
    """Take a game back: its rows go, its revisions stay, and the same files do not bring it back.

    \b
    Example:
        stanchion unload 18969 --tenant harbour --reason "a test game"
    """
    with open_server() as server, open_session(server, tenant) as session:
        confirm(f"Remove what is published of {game}?", yes)
        people.withdraw(session, game, reason)
    report(
        as_json,
        {"game": game, "withdrawn": True},
        f"{game} is withdrawn; bring it back with: stanchion publish {game} --tenant {tenant} --revision HASH",
    )


@click.group(invoke_without_command=True)
@click.option("--tenant", metavar="SLUG", help="Whose it is: the slug or the id.")
@json_option
@reader_options
@database_option
@click.pass_context
def quality(ctx: click.Context, tenant: str | None, as_json: bool) -> None:
    """Show the tracked score of each game beside the official one, how much was tracked, and what is odd.

    \b
    Example:
        stanchion quality --tenant harbour
        stanchion quality accept 18969 --tenant harbour --reason "the sheet was wrong"
    """
    if ctx.invoked_subcommand:
        return
    if not tenant:
        raise click.UsageError("Say --tenant SLUG.")
    with open_reader() as server, open_session(server, tenant) as session:
        rows = look.quality(session)
    if not as_json:
        rows = [row | {"flags": [f"{name} {count}" for name, count in row["flags"].items()]} for row in rows]
    show(as_json, rows, "No game is published yet.")


@quality.command("accept")
@click.argument("game")
@tenant_option
@click.option("--reason", required=True, metavar="TEXT", help="Why it may count as it is; kept with it.")
@json_option
@database_option
def quality_accept(game: str, tenant: str, reason: str, as_json: bool) -> None:
    """Let a game count though it contradicts the official score; until another revision is published.

    \b
    Example:
        stanchion quality accept 18969 --tenant harbour --reason "the sheet was wrong"
    """
    with open_server() as server, open_session(server, tenant) as session:
        people.accept(session, game, reason)
    report(as_json, {"game": game, "accepted": reason}, f"{game} is accepted as it is.")


def _printable(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _line(text) if isinstance(text, str) else text for name, text in row.items()}

"""load and watch: load exports of games from files, or from a folder as they appear."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import psycopg

from stanchion.cli.logs import event, is_json, log_option
from stanchion.cli.options import database_option, json_option, open_server, tenant_option
from stanchion.cli.output import count_of, note, one_line, print_json, shows_progress, wants_plain_text
from stanchion.errors import StanchionError
from stanchion.ingest.loading.record import FileResult
from stanchion.ingest.loading.run import FAILING, LoadResult
from stanchion.ingest.loading.run import load as load_paths
from stanchion.ingest.loading.session import open_session
from stanchion.ingest.loading.watch import watch as watch_folder
from stanchion.ingest.reading.mapping.schema import Mapping
from stanchion.ingest.reading.mapping.yamlfile import MappingError, read_mapping
from stanchion.ingest.reading.recognise import registered
from stanchion.ingest.reading.sources import STDIN, MissingPathError, documents_in, is_url, list_files
from stanchion.server.locate import Server

if TYPE_CHECKING:
    from rich.progress import Progress

played_on_option = click.option(
    "--played-on",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Date of the games, for games whose date is neither in a schedule nor in the export.",
)
mappings_option = click.option(
    "--format",
    "mappings",
    metavar="FILE",
    multiple=True,
    help="File with a mapping to try before the formats of the tenant (default: none).",
)
_CORES = min(os.cpu_count() or 1, 4)

_COLOURS = {"quarantined": "yellow", "rejected": "red"}


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@tenant_option
@played_on_option
@click.option(
    "--accept-shrink",
    is_flag=True,
    help="Publish revisions that contain fewer events than the published ones, instead of quarantining them.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=_CORES,
    help="Number of loader processes (default: one per core, at most 4).",
)
@click.option("--dry-run", is_flag=True, help="Print the outcome of each game without loading it.")
@mappings_option
@json_option
@log_option
@database_option
def load(
    paths: tuple[str, ...],
    tenant: str,
    played_on: datetime | None,
    accept_shrink: bool,
    jobs: int,
    dry_run: bool,
    mappings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Load games from files, folders, patterns, archives and URLs.

    PATH - reads standard input. Loading the same files again changes nothing. The published revisions depend neither
    on the order of the files nor on the number of concurrent loads. Ctrl-C stops the load after the current game.

    The exit code is 1 when a file or a part of it was rejected or quarantined; everything else is loaded. When there is
    nothing at a path, the exit code is 2 and nothing is loaded.

    \b
    Example:
        stanchion load exports/ --tenant harbour
        stanchion load game.json --tenant harbour --played-on 2026-10-03
        stanchion load exports/ --tenant harbour --dry-run
    """
    files, given = existing_files(paths), read_mappings(mappings)
    shown: list[FileResult] = []
    with open_server() as server, _progress_bar(files, as_json) as bar:

        def on_result(result: FileResult) -> None:
            log_file(tenant, result)
            if bar:
                bar.add(result)
            if dry_run or result.outcome in FAILING:
                shown.append(result)
                if not (as_json or bar):
                    print_file_result(result)

        total = load_paths(
            server,
            tenant,
            paths,
            files=files,
            given_on=played_on.date() if played_on else None,
            accept_shrink=accept_shrink,
            jobs=1 if dry_run else jobs,
            dry_run=dry_run,
            mappings=given,
            on_read=bar.read if bar else lambda _: None,
            on_result=on_result,
            report=note,
        )
    log_load(tenant, total)
    if as_json:
        print_json(load_facts(total) | {"dry_run": dry_run, "games": [asdict(each) for each in shown]})
    else:
        if bar:
            for each in shown:
                print_file_result(each)
        _print_total(total, tenant, dry_run=dry_run)
    if not total.is_clean:
        click.get_current_context().exit(130 if total.state == "interrupted" else 1)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@tenant_option
@played_on_option
@mappings_option
@click.option("--build", "is_building", is_flag=True, help="Build the marts after each load that changed something.")
@click.option("--once", is_flag=True, help="Load the files that exist now, then end.")
@log_option
@database_option
def watch(
    folder: Path, tenant: str, played_on: datetime | None, mappings: tuple[str, ...], is_building: bool, once: bool
) -> None:
    """Load the files that appear or change in a folder.

    A file is loaded when it has stopped changing. Rejected files are reported, and loaded again only when they change.
    Mappings are read when the command starts. When the server is unreachable, the command retries until it answers.
    Ctrl-C ends the command.

    \b
    Example:
        stanchion watch /srv/tracker/autosave --tenant harbour
        stanchion watch exports --tenant harbour --once
    """
    existing_files((str(folder),))
    if not folder.is_dir():
        raise click.BadParameter(f"'{folder}' is not a folder.", param_hint="FOLDER")
    given_on, given = played_on.date() if played_on else None, read_mappings(mappings)
    with open_server() as server:
        with open_session(server, tenant):
            pass  # a login that may not load is refused now, not with the first file
        note(f"watching {folder}")

        def on_result(result: FileResult) -> None:
            log_file(tenant, result)
            print_file_result(result)

        def load(paths: list[str]) -> bool:
            try:
                total = load_paths(
                    server,
                    tenant,
                    tuple(paths),
                    given_on=given_on,
                    mappings=given,
                    on_result=on_result,
                    report=note,
                )
                if is_building and total.rows:
                    build_marts(server)
            except MissingPathError:
                return False  # the file is gone; the next scan finds the others
            except psycopg.OperationalError as e:
                if once:
                    raise
                note(f"The server is unreachable ({str(e).strip().splitlines()[0]}); retrying.")
                return False
            log_load(tenant, total)
            _print_total(total, tenant, dry_run=False)
            if total.state == "interrupted":
                raise KeyboardInterrupt
            return True

        try:
            watch_folder(folder, load, once=once)
        except KeyboardInterrupt:
            click.echo("Stopped. Everything that was loaded stays loaded.")


def build_marts(server: Server) -> None:
    """Build the marts. A mart that cannot be built stays unchanged, and the build after the next load retries it."""
    from stanchion.marts import build  # imports dbt's dependencies, which only --build needs

    try:
        failed = build(server, report=note).failed
    except StanchionError as e:
        note(f"The marts are unchanged: {e}")
        return
    names = ", ".join(node.name for node in failed)
    note(f"These marts could not be built and are unchanged: {names}." if failed else "The marts are built.")


class _ProgressBar:
    """A progress bar on stderr, with the rate and the counts of outcomes."""

    def __init__(self, progress: Progress, files: int | None) -> None:
        self._progress, self._total = progress, LoadResult(None)
        self._waiting: Counter[str] = Counter()  # documents read, by path, whose games are not merged yet
        self._task = progress.add_task("loading", total=files, counts="")

    def read(self, path: str) -> None:
        """Count half of a document. The other half is counted when its game is merged."""
        self._waiting[path] += 1
        self._progress.update(self._task, advance=0.5, counts=f"{self._waiting.total():,} documents read")
        self._progress.refresh()

    def add(self, result: FileResult) -> None:
        self._total.add(result)
        is_half = self._waiting[result.path] > 0
        self._waiting[result.path] -= is_half
        elapsed = self._progress.tasks[0].elapsed or 1e-9
        outcomes = self._total.outcomes
        counts = f"{self._total.rows / elapsed:,.0f} rows/s" + "".join(
            f", {outcomes[name]} {name}" for name in ("unchanged", *FAILING) if outcomes[name]
        )
        self._progress.update(self._task, advance=0.5 if is_half else 1, counts=counts)
        self._progress.refresh()


def existing_files(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Return the files under the paths. A path under which there is nothing is a wrong command line."""
    try:
        return list_files(paths)
    except MissingPathError as error:
        raise click.UsageError(str(error)) from None


def read_mappings(paths: tuple[str, ...]) -> list[Mapping]:
    """Return the mappings in files. A file that does not exist is a wrong command line."""
    found = []
    for path in paths:
        existing_files((path,))
        mapping = read_mapping(Path(path).read_bytes(), path)
        if any(entry.name == mapping.name for entry in registered()):
            raise MappingError(f"{path}: '{mapping.name}' is the name of another format; rename the mapping.")
        found.append(mapping)
    return found


@contextmanager
def _progress_bar(files: tuple[str, ...], as_json: bool) -> Iterator[_ProgressBar | None]:
    """Show a progress bar, or yield None when stderr is not a terminal that can show one."""
    if as_json or is_json() or not shows_progress() or STDIN in files:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.fields[counts]}"))
    console = Console(stderr=True, color_system=None if wants_plain_text() else "auto")
    # auto_refresh would start a thread, which is unsafe because loader processes are forked
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as progress:
        # remote files are not counted, because that would download them
        is_remote = any(map(is_url, files))
        yield _ProgressBar(progress, None if is_remote else sum(1 for _ in documents_in(files)))


def log_file(tenant: str, result: FileResult) -> None:
    """Write a file or game to a log of JSON."""
    is_failing = result.outcome in FAILING
    event(
        "file",
        "error" if is_failing else "info",
        tenant=tenant,
        counts={"rows": result.rows, "seen": result.seen, "accepted": result.accepted, "rejected": result.rejected},
        error=result.reason if is_failing else None,
        message=f"{result.outcome} {result.path}" + (f" ({result.game})" if result.game else ""),
    )


def log_load(tenant: str, total: LoadResult) -> None:
    """Write the end of a load to a log of JSON."""
    event(
        "load",
        "info" if total.is_clean else "error",
        tenant=tenant,
        counts={**total.outcomes, "rows": total.rows, "seen": total.seen, "accepted": total.accepted},
        duration_ms=total.seconds * 1000,
        message=f"load {total.load_id} {total.state}",
    )


def print_file_result(result: FileResult) -> None:
    outcome = click.style(f"{result.outcome:11}", fg=_COLOURS.get(result.outcome))
    game = f" ({one_line(result.game)})" if result.game else ""
    reason = f": {one_line(result.reason)}" if result.reason else ""
    click.echo(f"{outcome} {one_line(result.path)}{game}{reason}")


def load_facts(total: LoadResult) -> dict[str, Any]:
    """Return the result of a load as JSON contains it."""
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


def _print_total(total: LoadResult, tenant: str, *, dry_run: bool) -> None:
    outcomes = ", ".join(f"{count} {name}" for name, count in sorted(total.outcomes.items())) or "nothing to load"
    games = f" of {count_of(len(total.games), 'game')}" if total.games else ""
    click.echo(f"{count_of(sum(total.outcomes.values()), 'file')}{games}: {outcomes}.")
    if total.seen:
        click.echo(
            f"{total.accepted:,} events and stints accepted + {total.rejected:,} rejected = {total.seen:,} seen."
        )
    if dry_run:
        click.echo("Dry run: nothing was loaded.")
        return
    click.echo(f"Load {total.load_id} {total.state}: {count_of(total.rows, 'row')} in {total.seconds:.1f} s.")
    if total.rejected or any(total.outcomes[name] for name in FAILING):
        note(f"Why: stanchion games rejects --tenant {tenant} --load {total.load_id}")

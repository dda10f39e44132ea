"""watch: a folder as a live feed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click
import psycopg

from stanchion.cli.loading import played_on_option, print_done, print_total, tenant_option
from stanchion.cli.options import database_option, note, open_server
from stanchion.errors import StanchionError
from stanchion.ingest.loading.run import load as load_paths
from stanchion.ingest.loading.session import open_session
from stanchion.ingest.loading.watch import watch as watch_folder
from stanchion.marts import build
from stanchion.server.locate import Server


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@tenant_option
@played_on_option
@click.option("--build", "is_building", is_flag=True, help="Build the marts after each load that changed something.")
@click.option("--once", is_flag=True, help="Load what is there now, and end.")
@database_option
def watch(folder: Path, tenant: str, played_on: datetime | None, is_building: bool, once: bool) -> None:
    """Load what appears in a folder, each file once it has stopped changing; Ctrl-C ends it.

    A server that goes away is waited for. What was rejected is told and not tried again until it changes.

    \b
    Example:
        stanchion watch /srv/tracker/autosave --tenant harbour
        stanchion watch exports --tenant harbour --once
    """
    if not folder.is_dir():
        raise StanchionError(f"There is no folder {folder} to watch.")
    given_on = played_on.date() if played_on else None
    with open_server() as server:
        with open_session(server, tenant):
            pass  # whoever may not load hears it now and not with the first file
        note(f"watching {folder}")

        def load(paths: list[str]) -> bool:
            try:
                total = load_paths(server, tenant, tuple(paths), given_on=given_on, on_done=print_done, say=note)
                if is_building and total.rows:
                    build_marts(server)
            except psycopg.OperationalError as e:
                if once:
                    raise
                note(f"The server is not there ({str(e).strip().splitlines()[0]}); trying again.")
                return False
            print_total(total, dry_run=False)
            if total.state == "interrupted":
                raise KeyboardInterrupt
            return True

        try:
            watch_folder(folder, load, once=once)
        except KeyboardInterrupt:
            click.echo("Stopped; what was loaded stays.")


def build_marts(server: Server) -> None:
    """Build what follows from the games; what cannot be built stays as it was, and the next load tries again."""
    try:
        failed = build(server, say=note).failed
    except StanchionError as e:
        note(f"The marts are as before: {e}")
        return
    note(f"Not built, and as before: {', '.join(node.name for node in failed)}." if failed else "The marts are built.")

"""schedule: what the league says about its games."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from stanchion.cli.loading import print_done, summary, tenant_option
from stanchion.cli.options import database_option, json_option, open_server, print_json, some
from stanchion.ingest.loading.schedule import load_schedule
from stanchion.ingest.loading.session import open_session
from stanchion.ingest.loading.worker import Done


@click.group()
def schedule() -> None:
    """Load schedules, to which games are reconciled."""


@schedule.command("load")
@click.argument("path", type=click.Path(allow_dash=True))
@tenant_option
@json_option
@database_option
def schedule_load(path: str, tenant: str, as_json: bool) -> None:
    """Load a CSV of games: date, home_team, away_team, and game_id, season, game_type, scores where known.

    Scores are home_score and away_score, by period home_1, away_1 to home_ot, away_ot. Games move to the day that
    the schedule says, each in one transaction; the same file again changes nothing. Exits with 1 when a row was
    rejected; the others count.

    \b
    Example:
        stanchion schedule load games.csv --tenant harbour
    """
    data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    told: list[Done] = []

    def on_done(done: Done) -> None:
        told.append(done)
        if not as_json:
            print_done(done)

    with open_server() as server, open_session(server, tenant) as session:
        total = load_schedule(session, path, data, on_done)
    if as_json:
        print_json(summary(total) | {"games": [asdict(done) for done in told]})
    else:
        counts = ", ".join(f"{count} {name}" for name, count in sorted(total.outcomes.items()) if count)
        click.echo(f"{some(total.seen, 'row')}: {counts or 'nothing to load'}.")
        click.echo(f"Load {total.load_id} {total.state} in {total.seconds:.1f} s.")
    if total.rejected:
        click.get_current_context().exit(1)

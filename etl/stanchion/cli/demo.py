"""demo: deploy, load two sample leagues, build their marts, and print their standings as an analyst."""

import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import click
import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

from stanchion.access import analysts, tenants
from stanchion.cli.options import (
    confirm,
    database_option,
    extra_of_serve,
    open_server,
    until_signal,
    yes_option,
)
from stanchion.cli.output import count_of, note, print_table, printable
from stanchion.cluster.home import for_tenant_at_home
from stanchion.deploy import runner as deploy
from stanchion.deploy.modules import discover
from stanchion.dev.sample.files import as_json, export
from stanchion.dev.sample.league import play, schedule
from stanchion.ingest.loading.run import load
from stanchion.ingest.loading.schedule import load_schedule
from stanchion.ingest.loading.session import open_session
from stanchion.jobs.worker import JobResult, Options, run_once
from stanchion.marts import build, is_current
from stanchion.partitions.ahead import make_due_partitions
from stanchion.paths import ROOT, query
from stanchion.server.connection import Connection, connect, find_tenant
from stanchion.server.locate import Server


@dataclass(frozen=True)
class League:
    name: str
    seed: int
    misprinted: int  # number of the game whose official score is wrong
    lengths: dict[str, int]  # minutes by period
    rules: dict[str, str]
    has_cup: bool = False


LEAGUES = {
    "harbour": League(
        "Harbour League",
        1,
        misprinted=4,
        lengths={"1": 18, "2": 18, "3": 18, "OT": 5},
        rules={"periods": "3", "period_seconds": "1080", "overtime_seconds": "300", "points_win": "2"},
        has_cup=True,
    ),
    "lakeside": League(
        "Lakeside Cup",
        2,
        misprinted=2,
        lengths={"1": 25, "2": 25},
        rules={"periods": "2", "period_seconds": "1500", "overtime_seconds": "0", "points_win": "3"},
    ),
}


@click.command()
@click.option("--serve", is_flag=True, help="Then serve the season on this machine, with a game that is played live.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port of --serve; 0 chooses a free one (default: a free one)."
)
@click.option(
    "--speed",
    type=click.FloatRange(1, 3600),
    help="Speed of the live game as a multiple of the real one (default: 60, so that a minute takes a second).",
)
@yes_option
@database_option
def demo(serve: bool, port: int | None, speed: float | None, yes: bool) -> None:
    """Deploy, load two sample leagues, and print their standings.

    Also prints leaders, and the games that do not count with the reasons. A temporary analyst's login reads them, under
    row-level security. A second run changes nothing. A server other than the embedded one needs a confirmation.

    With --serve, a page on this machine shows the season with live standings and the score of a game, which goes on
    until Ctrl-C.

    \b
    Example:
        stanchion demo
        stanchion demo --serve
        stanchion up && stanchion psql -c "select * from marts.standings"
    """
    if not serve and (port, speed) != (None, None):
        raise click.UsageError("--port and --speed need --serve.")
    if serve:
        with extra_of_serve("stanchion demo --serve"):
            from stanchion.dev.demo import TENANT
            from stanchion.dev.demo.game import Games
            from stanchion.dev.demo.run import prepared_demo
    started = time.monotonic()
    with open_server() as server, connect(server) as conn:
        if not server.embedded:
            confirm(f"Deploy to the server {server.description} and load two sample leagues?", yes)
        with deploy.deploy_lock(conn, 600, note):
            steps = deploy.plan_deploy(conn, discover(ROOT))
            deploy.deploy(conn, steps, lambda _: None)
            make_due_partitions(conn)
        click.echo(f"{count_of(len(steps), 'module')} deployed." if steps else "Every module is already deployed.")
        add_leagues(conn)
        games = sum(load_league(server, conn, slug) for slug in LEAGUES)
        click.echo(f"{count_of(games, 'game')} loaded." if games else "Every game is already loaded.")
        run_once(server, Options(), Event(), _report_failed_job)
        if is_current(server):
            click.echo("The marts already contain every game.")
        else:
            result = build(server)
            click.echo(f"{count_of(result.count('model').get('built', 0), 'model')} built in {result.seconds:.1f} s.")
            for node in result.failed:
                click.echo(f"failed: {printable(node.message)}")
        with _analyst(server, conn) as reader:
            for slug in LEAGUES:
                print_league(reader, conn, slug)
        if serve:
            league = LEAGUES[TENANT]
            live = partial(Games, seed=league.seed, lengths=league.lengths, speed=speed or 60.0)
            with prepared_demo(server, conn, port or 0, live, click.echo, note) as run, until_signal():
                run()
            run_once(server, Options(), Event(), _report_failed_job)
            return
    click.echo(f"\nFinished in {time.monotonic() - started:.1f} s. Next commands:\n")
    program = "stanchion" if shutil.which("stanchion") else os.path.relpath(sys.argv[0])
    for line in (
        'psql -c "select * from marts.fact_player_season limit 5"',
        "analyst add alex --tenant harbour    create a login that reads one league and nothing else",
        "games quality --tenant harbour       list the games that contradict their official score",
        "up                                   keep the server running, for other programs",
        "down --purge                         delete the server and its data",
    ):
        click.echo(f"    {program} {line}")


def _report_failed_job(result: JobResult) -> None:
    if result.outcome != "done":
        click.echo(f"failed: job {result.job_id} of {result.queue}: {printable(result.error or '')}")


def add_leagues(conn: Connection) -> None:
    known = {row["slug"] for row in tenants.list_tenants(conn)}
    for slug, league in LEAGUES.items():
        if slug in known:
            continue
        with conn.transaction():
            tenants.add_tenant(conn, slug, league.name, "league")
            rules = {f"contest.{setting}": written for setting, written in league.rules.items()}
            tenants.set_settings(conn, slug, rules, None)
        use_workspace(conn, slug)


def use_workspace(conn: Connection, slug: str) -> None:
    """Add two members, a document, a dataset and some usage of the plan to a league."""
    with for_tenant_at_home(conn, slug) as acting:
        acting.conn.execute(query("dev/sample", "workspace").encode())


def load_league(server: Server, conn: Connection, slug: str) -> int:
    """Load the schedule and the games of a league unless it has games. Return the number of games loaded."""
    league, tenant_id = LEAGUES[slug], find_tenant(conn, slug)
    if conn.execute("select 1 from contest.fixture where tenant_id = %s limit 1", [tenant_id]).fetchone():
        return 0
    games = list(play(league.seed, 1000 * league.seed + 1, 20, teams=5, lengths=league.lengths))
    misprinted = {games[league.misprinted].game_id: (1, 0)}
    with open_session(server, slug) as session:
        load_schedule(session, "schedule.csv", schedule(games, "2026", misprinted), lambda _: None)
    with tempfile.TemporaryDirectory(prefix="stanchion-demo-") as folder:
        for game in games:
            Path(folder, f"game_{game.game_id}.json").write_bytes(as_json(export(game)))
        load(server, slug, (folder,))
    if league.has_cup:
        with for_tenant_at_home(conn, slug) as acting:
            acting.conn.execute(query("dev/sample", "cup").encode())
    return len(games)


@contextmanager
def _analyst(server: Server, conn: Connection) -> Iterator[psycopg.Connection[Any]]:
    """Connect as a temporary analyst who reads the two leagues."""
    login = f"demo_{secrets.token_hex(4)}"
    password = analysts.add_analyst(conn, login, list(LEAGUES))
    try:
        with psycopg.connect(make_conninfo(server.dsn, user=login, password=password), autocommit=True) as reader:
            yield reader
    finally:
        analysts.revoke_analyst(conn, login, [])


def print_league(reader: psycopg.Connection[Any], conn: Connection, slug: str) -> None:
    """Print the standings, the leaders and the left-out games of a league, as the reader sees them."""
    reader.execute("select set_config('stanchion.demo_tenant', %s, false)", [str(find_tenant(conn, slug))])
    league = LEAGUES[slug]
    played = " x ".join(str(part) for part in (league.rules["periods"], int(league.rules["period_seconds"]) // 60))
    click.secho(f"\n{league.name}", bold=True, nl=False)
    click.echo(f", {played} min, {league.rules['points_win']} points for a win")
    for name, title in (("standings", ""), ("leaders", "\nMost points"), ("left_out", "\nLeft out")):
        rows = reader.cursor(row_factory=dict_row).execute(query("marts", name).encode())
        if title:
            click.echo(title)
        print_table(rows.fetchall(), "Nothing.")

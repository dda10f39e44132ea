"""sessions: list the sessions of clients, and end those over the limits of their role."""

from __future__ import annotations

from dataclasses import asdict
from threading import Event

import click

from stanchion.cli.options import database_option, json_option, open_database, open_server, until_signal
from stanchion.cli.output import count_of, note, print_json, print_rows, printable
from stanchion.ops import sessions as machinery
from stanchion.ops.sessions import OverLimit
from stanchion.server.connection import Connection, connect
from stanchion.server.locate import Server
from stanchion.server.loop import run_every


@click.group(invoke_without_command=True)
@json_option
@database_option
@click.pass_context
def sessions(ctx: click.Context, as_json: bool) -> None:
    """List sessions, and end those over their limits.

    Prints a line for each session of a client: its role, the ages of its connection and of its transaction, its locks,
    the work that it holds back, and the share of the nearest limit that it has reached.

    \b
    Example:
        stanchion sessions
        stanchion sessions enforce --dry-run
    """
    if ctx.invoked_subcommand is not None:
        return
    with open_database() as conn:
        rows = machinery.list_sessions(conn)
    print_rows(as_json, rows, "No session is connected.")


@sessions.command()
@json_option
@database_option
def limits(as_json: bool) -> None:
    """Show the limits of each role.

    \b
    Example:
        stanchion sessions limits
        stanchion psql -c "update ops.session_limit set xid_s = 60 where role_name = 'stanchion_analyst'"
    """
    with open_database() as conn:
        rows = machinery.list_limits(conn)
    print_rows(as_json, rows, "No role has limits: ops.session_limit is empty.")


@sessions.command()
@click.option("--dry-run", is_flag=True, help="Print the sessions over a limit without ending them.")
@click.option(
    "--every",
    type=click.FloatRange(min=0.1),
    metavar="SECONDS",
    help="Repeat after this many seconds, until SIGTERM (default: once).",
)
@json_option
@database_option
def enforce(dry_run: bool, every: float | None, as_json: bool) -> None:
    """End the sessions that are over a limit of their role.

    A session is ended and its transaction rolled back. Superusers and members of stanchion_owner have no limits. The
    table ops.session_limit contains the limits of each role. Its defaults:

    \b
                                                 analyst  app, worker  loader  builder
      transaction                                  300 s        900 s  3600 s  14400 s
      idle inside a transaction                     60 s         60 s   300 s    300 s
      transaction with an id, which holds back
        core.poll_events                            30 s        300 s   900 s   7200 s
      another session waits for its lock            30 s        120 s   300 s    600 s
      locks held                                    2000         5000   20000   100000
      max_connections used by the role              50 %         90 %    90 %     90 %
      notification queue used: the session with
        the oldest transaction is ended             10 %         25 %    50 %     50 %

    A job worker enforces the limits every 10 seconds if its login is a superuser, or a member of pg_read_all_stats and
    pg_signal_backend. Otherwise schedule this command with such a login.

    \b
    Example:
        stanchion sessions enforce
        stanchion sessions enforce --every 10
    """
    if dry_run and every is not None:
        raise click.UsageError("Expected either --dry-run or --every.")
    if every is None:
        with open_database() as conn:
            found = machinery.over_limits(conn) if dry_run else _end(conn)
        _print(found, as_json, dry_run)
        return
    with open_server() as server, until_signal() as stop:
        run_every(every, stop, lambda: _repeat(server, every, stop, as_json), note)


def _repeat(server: Server, every: float, stop: Event, as_json: bool) -> None:
    """Enforce the limits through one connection until the server is lost or `stop` is set."""
    with connect(server) as conn:
        while not stop.is_set():
            if found := _end(conn):
                _print(found, as_json, dry_run=False)
            stop.wait(every)


def _end(conn: Connection) -> list[OverLimit]:
    machinery.require_right_to_end(conn)
    return machinery.end_sessions(conn)


def _print(found: list[OverLimit], as_json: bool, dry_run: bool) -> None:
    if as_json:
        print_json([asdict(each) for each in found])
        return
    for each in found:
        click.echo(printable(str(each)))
    verb = "over a limit" if dry_run else "ended"
    click.echo(f"{count_of(len(found), 'session')} {verb}.")

"""Options that commands share, and the connections that these options choose."""

import functools
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from stanchion.cli import DSN_HELP, completing
from stanchion.cli.output import note
from stanchion.errors import StanchionError
from stanchion.server.connection import Connection, connect
from stanchion.server.embedded import Embedded
from stanchion.server.locate import Server, find_server, reach
from stanchion.server.loop import Stop
from stanchion.server.replica import MAX_LAG, find_reader


@dataclass
class Options:
    """The options that choose a server, from before or after the name of the command, or from a profile."""

    dsn: str | None = None
    read_dsn: str | None = None
    max_lag: float = MAX_LAG
    profile: str | None = None


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
yes_option = click.option("--yes", is_flag=True, help="Skip the question before something is deleted or changed.")
marts_option = click.option(
    "--marts-dsn",
    metavar="DSN",
    help="Server of the marts, with a mirror of their sources (default: STANCHION_MARTS_DSN, else the server itself).",
)
tenant_option = click.option(
    "--tenant", required=True, metavar="SLUG", shell_complete=completing.tenants, help="Slug or id of the tenant."
)


def database_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Accept --dsn after the name of the command too, because users write it on either side."""

    @click.option("--dsn", metavar="DSN", help=DSN_HELP)
    @functools.wraps(command)
    def wrapped(*args: Any, dsn: str | None, **kwargs: Any) -> Any:
        if dsn is not None:
            click.get_current_context().obj.dsn = dsn
        return command(*args, **kwargs)

    return wrapped


def reader_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Accept --read-dsn and --max-lag. For commands that only read, which a replica can answer."""

    @click.option(
        "--read-dsn",
        metavar="DSN",
        help="Replica to read from (default: STANCHION_READ_DSN, else the server itself).",
    )
    @click.option(
        "--max-lag",
        type=click.FloatRange(min=0),
        default=MAX_LAG,
        show_default=True,
        metavar="SECONDS",
        help="Largest delay of the replica. With a larger delay, the command reads from the server itself.",
    )
    @functools.wraps(command)
    def wrapped(*args: Any, read_dsn: str | None, max_lag: float, **kwargs: Any) -> Any:
        options = click.get_current_context().obj
        options.read_dsn, options.max_lag = read_dsn, max_lag
        return command(*args, **kwargs)

    return wrapped


def data_of(server: Server) -> Path | None:
    """Return the data directory of the embedded server, and None for another server."""
    return Embedded().data if server.embedded else None


@contextmanager
def open_server() -> Iterator[Server]:
    """Open the configured server, or the embedded one, and print which one it is."""
    with find_server(click.get_current_context().obj.dsn) as server:
        note(f"on {server.description}")
        yield server


@contextmanager
def open_reader() -> Iterator[Server]:
    """Open the replica, or else the server, for reading only, and print which one it is."""
    options: Options = click.get_current_context().obj
    source = "--read-dsn" if options.read_dsn is not None else "STANCHION_READ_DSN"
    read_dsn = options.read_dsn if options.read_dsn is not None else os.environ.get("STANCHION_READ_DSN") or None
    with find_reader(options.dsn, read_dsn, source, options.max_lag, note) as server:
        note(f"on {server.description}")
        yield server


@contextmanager
def open_marts_reader() -> Iterator[Server]:
    """Open the server of STANCHION_MARTS_DSN for reading only, unless options name a server; else like open_reader."""
    options: Options = click.get_current_context().obj
    marts_dsn = os.environ.get("STANCHION_MARTS_DSN")
    if not marts_dsn or options.dsn is not None or options.read_dsn is not None:
        with open_reader() as server:
            yield server
        return
    server = reach(marts_dsn, "STANCHION_MARTS_DSN", remedy="correct STANCHION_MARTS_DSN")
    note(f"on {server.description}")
    yield replace(server, read_only=True)


@contextmanager
def open_database() -> Iterator[Connection]:
    """Connect to the server that open_server opens."""
    with open_server() as server, connect(server) as conn:
        yield conn


def confirm(question: str, yes: bool) -> None:
    """Continue only when --yes was given or the user answers the question with yes."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise StanchionError(f"{question} Standard input is not a terminal; add --yes to answer yes.")
    if not click.confirm(question, err=True):
        raise StanchionError("Cancelled: nothing was changed.")


@contextmanager
def extra_of_serve(command: str) -> Iterator[None]:
    """Run imports of the HTTP server. Raise StanchionError when its packages are not installed."""
    try:
        yield
    except ModuleNotFoundError as e:
        raise StanchionError(f"{command} needs the package {e.name}; run: pip install 'stanchion[serve]'") from e


@contextmanager
def until_signal() -> Iterator[Stop]:
    """Yield an event that SIGTERM and Ctrl-C set. A second signal ends the process immediately."""
    stop = Stop()

    def on_signal(number: int, _: Any) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

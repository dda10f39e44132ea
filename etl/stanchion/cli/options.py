"""What commands share: which database, JSON or prose, and asking before something is lost."""

import functools
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from stanchion.errors import StanchionError
from stanchion.server.connection import Connection, connect
from stanchion.server.locate import Server, find_server
from stanchion.server.replica import MAX_LAG, find_reader


@dataclass
class Options:
    """The options of stanchion itself, in front of the command."""

    dsn: str | None = None
    read_dsn: str | None = None
    max_lag: float = MAX_LAG


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


def database_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Accept --dsn after the command too: nobody remembers on which side of it an option goes."""

    @click.option("--dsn", help="The server, as a libpq URL or string; else DATABASE_URL, PG*, the embedded one.")
    @functools.wraps(command)
    def wrapped(*args: Any, dsn: str | None, **kwargs: Any) -> Any:
        if dsn is not None:
            click.get_current_context().obj.dsn = dsn
        return command(*args, **kwargs)

    return wrapped


@contextmanager
def open_server() -> Iterator[Server]:
    """The server in use, which is always said."""
    with find_server(click.get_current_context().obj.dsn) as server:
        note(f"on {server.description}")
        yield server


def reader_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """For a command that only reads what was computed: it may be asked of a replica."""

    @click.option("--read-dsn", metavar="DSN", help="A replica to read from; else STANCHION_READ_DSN, else the server.")
    @click.option(
        "--max-lag",
        type=click.FloatRange(min=0),
        default=MAX_LAG,
        show_default=True,
        metavar="SECONDS",
        help="How far behind a replica may be, before the server is read instead.",
    )
    @functools.wraps(command)
    def wrapped(*args: Any, read_dsn: str | None, max_lag: float, **kwargs: Any) -> Any:
        options = click.get_current_context().obj
        options.read_dsn, options.max_lag = read_dsn, max_lag
        return command(*args, **kwargs)

    return wrapped


@contextmanager
def open_reader() -> Iterator[Server]:
    """The replica in use or the server in use, which is said; nothing can be written over it."""
    options: Options = click.get_current_context().obj
    source = "--read-dsn" if options.read_dsn is not None else "STANCHION_READ_DSN"
    read_dsn = options.read_dsn if options.read_dsn is not None else os.environ.get("STANCHION_READ_DSN") or None
    with find_reader(options.dsn, read_dsn, source, options.max_lag, note) as server:
        note(f"on {server.description}")
        yield server


@contextmanager
def open_database() -> Iterator[Connection]:
    """A connection to the server in use."""
    with open_server() as server, connect(server) as conn:
        yield conn


def note(text: str) -> None:
    """Something for people, beside the result."""
    click.secho(text, dim=True, err=True)


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, default=str, ensure_ascii=False))


def report(as_json: bool, facts: dict[str, Any], sentence: str) -> None:
    """What was done: for a program, or for people."""
    if as_json:
        print_json(facts)
    else:
        click.echo(sentence)


def show(as_json: bool, rows: list[dict[str, Any]], empty: str) -> None:
    """Rows: for a program, or as a table for people."""
    if as_json:
        print_json(rows)
    else:
        print_table(rows, empty)


def some(count: int, noun: str) -> str:
    """1 module, 2 modules, no modules."""
    return f"{count or 'no'} {noun}{'' if count == 1 else 's'}"


def print_table(rows: list[dict[str, Any]], empty: str) -> None:
    """Rows under their keys; a sentence when there are none."""
    if not rows:
        click.echo(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in rows[0]:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*map(_cell, row.values()))
    console = Console(file=sys.stdout, highlight=False, markup=False)
    if not console.is_terminal:
        console.width = 1000  # a pipe has no width to fold at
    console.print(table)


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def confirm(question: str, yes: bool) -> None:
    """Go on only when somebody said so."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise StanchionError(f"{question} There is nobody to ask; say --yes.")
    if not click.confirm(question, err=True):
        raise StanchionError("Nothing was done.")


@contextmanager
def until_signal() -> Iterator[Event]:
    """An event that SIGTERM and Ctrl-C set; a second one of them ends the process at once."""
    stop = Event()

    def on_signal(number: int, _: Any) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

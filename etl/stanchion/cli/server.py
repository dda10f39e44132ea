"""up, down, dsn and psql: the embedded server, and how to connect to whichever server is in use."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import click

from stanchion.errors import StanchionError
from stanchion.server.binaries import library_path
from stanchion.server.embedded import Embedded
from stanchion.server.locate import Server, configured_by, find_server

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.command()
@as_json
@click.pass_context
def up(ctx: click.Context, as_json: bool) -> None:
    """Start the embedded server and keep it running until stanchion down; one that runs stays as it is.

    \b
    Example:
      stanchion up
      psql "$(stanchion dsn)"
    """
    if source := configured_by(ctx.obj.dsn):
        raise StanchionError(
            f"{source} configures a server, so the embedded one would stand idle: unset {source} to use it."
        )
    embedded = Embedded()
    embedded.up()
    environment = embedded.environment()
    if as_json:
        facts = {"dsn": embedded.dsn(), "port": int(environment["PGPORT"]), "data": str(embedded.data)}
        click.echo(json.dumps(facts | {"postgres": embedded.major}))
        return
    click.echo(f"Postgres {embedded.major} is up at 127.0.0.1:{environment['PGPORT']}, its data in {embedded.data}.")
    click.echo('Connect with stanchion psql, or any client with "$(stanchion dsn)"; stop it with stanchion down.')


@click.command()
@click.option("--purge", is_flag=True, help="Also delete the server's data, after asking.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@click.pass_context
def down(ctx: click.Context, purge: bool, yes: bool, as_json: bool) -> None:
    """Stop the embedded server, keeping its data; never touch a configured one.

    \b
    Example:
      stanchion down
      stanchion down --purge --yes
    """
    if source := configured_by(ctx.obj.dsn):
        click.echo(f"The server configured by {source} is left alone.", err=True)
    embedded = Embedded()
    if purge:
        _confirm_purge(embedded.data, yes)
        done = embedded.purge()
        said = f"{embedded.data} is deleted." if done else f"There is nothing to delete in {embedded.home}."
    else:
        done = embedded.down()
        said = "The embedded server is stopped." if done else "The embedded server was not running."
    click.echo(json.dumps({"purged" if purge else "stopped": done, "data": str(embedded.data)}) if as_json else said)


def _confirm_purge(data: Path, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise StanchionError(f"Deleting {data} needs a yes and there is no terminal to ask on: add --yes.")
    if not click.confirm(f"Delete every database in {data}?", err=True):
        raise StanchionError("Nothing was deleted.")


@click.command()
@click.option("--export", is_flag=True, help="Print libpq's variables for a shell, for programs such as dbt.")
@as_json
@click.pass_context
def dsn(ctx: click.Context, export: bool, as_json: bool) -> None:
    """Print the connection URL of the server in use, with its password and nothing else.

    \b
    Example:
      psql "$(stanchion dsn)"
      eval "$(stanchion dsn --export)"
    """
    if configured_by(ctx.obj.dsn):
        with find_server(ctx.obj.dsn) as server:
            url, source, variables = server.dsn, server.source, server.environment()
    else:
        embedded = Embedded()
        url, source, variables = embedded.dsn(), "embedded", embedded.environment()
    if export:
        click.echo("\n".join(f"export {name}={shlex.quote(text)}" for name, text in variables.items()))
    else:
        click.echo(json.dumps({"dsn": url, "source": source}) if as_json else url)


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
@click.argument("args", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def psql(ctx: click.Context, args: tuple[str, ...]) -> None:
    """Open psql on the server in use, passing ARGS on and ending with its exit code.

    \b
    Example:
      stanchion psql -c "select * from core.tenant"
    """
    with find_server(ctx.obj.dsn) as server:
        program, libraries = _find_psql(server)
        code = _run([program, *args], os.environ | libraries | server.environment())
    ctx.exit(code)


def _find_psql(server: Server) -> tuple[str, dict[str, str]]:
    """The embedded server's own psql for it; for others the system's first, since ours knows no TLS."""
    try:
        bindir = Embedded().binaries
    except StanchionError:
        bindir = None
    ours = bindir / "psql" if bindir and (bindir / "psql").exists() else None
    system = shutil.which("psql")
    if ours and bindir and (server.embedded or not system):
        return str(ours), library_path(bindir)
    if system:
        return system, {}
    raise StanchionError("There is no psql next to the server's binaries or on PATH: install postgresql-client.")


def _run(command: list[str], environment: dict[str, str]) -> int:
    """Ctrl-C belongs to psql, which cancels the statement; we go on waiting."""
    previous = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        code = subprocess.run(command, env=environment, check=False).returncode
    finally:
        signal.signal(signal.SIGINT, previous)
    return code if code >= 0 else 128 - code

"""up, down, dsn and psql: control the embedded server, and connect to the configured or embedded server."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from pathlib import Path

import click
import psycopg

from stanchion.cli import completing
from stanchion.cli.options import confirm, json_option, yes_option
from stanchion.cli.output import note, print_json, print_result
from stanchion.errors import StanchionError
from stanchion.server.connection import connect
from stanchion.server.embedded import Embedded
from stanchion.server.locate import Server, configured_by, find_server
from stanchion.server.programs import Program, find_program, run_program


@click.command()
@json_option
@click.pass_context
def up(ctx: click.Context, as_json: bool) -> None:
    """Start the embedded server and keep it running.

    It runs until `stanchion down`. When it is already running, nothing changes.

    \b
    Example:
        stanchion up
        psql "$(stanchion dsn)"
    """
    if source := configured_by(ctx.obj.dsn):
        raise StanchionError(
            f"{source} configures another server, so no command would use the embedded one: unset {source} to use it."
        )
    embedded = Embedded()
    embedded.up()
    environment = embedded.environment()
    if as_json:
        facts = {"dsn": embedded.dsn(), "port": int(environment["PGPORT"]), "data": str(embedded.data)}
        print_json(facts | {"postgres": embedded.major})
        return
    click.echo(f"Postgres {embedded.major} is up at 127.0.0.1:{environment['PGPORT']}, its data in {embedded.data}.")
    click.echo('Connect with stanchion psql, or with any client and "$(stanchion dsn)". Stop it with stanchion down.')


@click.command()
@click.option("--purge", is_flag=True, help="Also delete the data of the server, after a question.")
@yes_option
@json_option
@click.pass_context
def down(ctx: click.Context, purge: bool, yes: bool, as_json: bool) -> None:
    """Stop the embedded server and keep its data.

    A server that --dsn, DATABASE_URL or PG* configures is never stopped.

    \b
    Example:
        stanchion down
        stanchion down --purge --yes
    """
    if source := configured_by(ctx.obj.dsn):
        click.echo(f"The server configured by {source} keeps running.", err=True)
    embedded = Embedded()
    if purge:
        confirm(f"Delete every database in {embedded.data}?", yes)
        changed = embedded.purge()
        sentence = f"{embedded.data} is deleted." if changed else f"There is nothing to delete in {embedded.home}."
    else:
        changed = embedded.down()
        sentence = "The embedded server is stopped." if changed else "The embedded server was not running."
    print_result(as_json, {"purged" if purge else "stopped": changed, "data": str(embedded.data)}, sentence)


@click.command()
@click.option("--export", is_flag=True, help="Print export statements of libpq's variables, for programs such as dbt.")
@click.option("--builder", is_flag=True, help="Use the login that builds the marts, which has no other rights.")
@click.option(
    "--tenant",
    metavar="SLUG",
    shell_complete=completing.tenants,
    help="On a cluster, use the node of this tenant (default: the server itself).",
)
@json_option
@click.pass_context
def dsn(ctx: click.Context, export: bool, builder: bool, tenant: str | None, as_json: bool) -> None:
    """Print the connection URL of the server, with its password.

    Nothing else is printed, so that a shell can insert the output into a command. On a cluster a tenant is written
    through its own node: with --tenant, the URL is that of the node.

    \b
    Example:
        psql "$(stanchion dsn)"
        psql "$(stanchion dsn --tenant harbour)"
        eval "$(stanchion dsn --builder --export)" && dbt build
    """
    if builder and tenant is not None:
        raise click.UsageError("Give either --builder or --tenant: the builder works for all tenants, on one node.")
    if builder:
        from stanchion.access.builder import builder_server

        with find_server(ctx.obj.dsn) as server, connect(server, needs_session=False) as conn:
            chosen = builder_server(server, conn)
        url, source, variables = chosen.dsn, server.source, chosen.environment()
    elif tenant is not None:
        from stanchion.cluster.home import at
        from stanchion.cluster.route import home_or_here

        with find_server(ctx.obj.dsn) as server, connect(server, needs_session=False) as conn:
            node = home_or_here(conn, tenant)
        chosen = at(server, node) if node else server
        url, source, variables = chosen.dsn, server.source, chosen.environment()
    elif configured_by(ctx.obj.dsn):
        with find_server(ctx.obj.dsn) as server:
            url, source, variables = server.dsn, server.source, server.environment()
    else:
        embedded = Embedded()
        url, source, variables = embedded.dsn(), "embedded", embedded.environment()
    if export:
        click.echo("\n".join(f"export {name}={shlex.quote(text)}" for name, text in variables.items()))
    else:
        print_result(as_json, {"dsn": url, "source": source}, url)


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
@click.option("--unchecked", is_flag=True, help="Open psql even when the marts contain planted code, to remove it.")
@click.argument("args", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def psql(ctx: click.Context, unchecked: bool, args: tuple[str, ...]) -> None:
    """Open psql on the server, with ARGS as its arguments.

    The exit code is that of psql. The session has all rights of the login. So psql is not opened when the marts contain
    code that the project does not make, since reading them could run it with these rights.

    \b
    Example:
        stanchion psql -c "select * from core.tenant"
    """
    interactive = _is_interactive(args)
    with find_server(ctx.obj.dsn) as server:
        if not unchecked:
            refuse_planted_code(server)
        program = _find_psql(server, interactive)
        if interactive and not shutil.which("psql"):
            note("This psql has no line editing; install the psql of your system (postgresql-client) for that.")
        code = run_program([program.path, *args], program.environment(server))
    ctx.exit(code)


def refuse_planted_code(server: Server) -> None:
    """Raise StanchionError when the login has more rights than the builder and the marts contain planted code."""
    from stanchion.access.builder import excess_right, refuse_planted

    try:
        with connect(server, needs_session=False) as conn:
            if excess_right(conn):
                refuse_planted(conn)
    except psycopg.OperationalError:
        return  # the program prints the error
    except StanchionError as e:
        raise StanchionError(f"{e} To open psql and remove the code, run: stanchion psql --unchecked") from None


def _find_psql(server: Server, interactive: bool) -> Program:
    """Return the psql to run.

    Scripts on the embedded server get the psql of its own version. A person at a terminal and other servers get the
    psql on PATH if there is one, because the embedded psql is built without line editing and without TLS.
    """
    system = shutil.which("psql")
    return Program(Path(system)) if system and (interactive or not server.embedded) else find_program(server, "psql")


def _is_interactive(args: tuple[str, ...]) -> bool:
    """Return whether psql will read commands from a person: at a terminal, and not from -c, -f or -l."""
    return sys.stdin.isatty() and not any(re.match(r"-[^-]*[cfl]|--(command|file|list)", argument) for argument in args)

"""tool: programs of Postgres, with the connection of the configured or embedded server."""

from __future__ import annotations

import click

from stanchion.cli import completing
from stanchion.cli.options import json_option
from stanchion.cli.output import print_rows
from stanchion.cli.server import refuse_planted_code
from stanchion.server.locate import find_server
from stanchion.server.programs import find_program, find_programs, run_program

_RUNS_CODE_OF_MARTS = ("pgbench", "psql")  # the others read tables, and functions of indexes as the owner of the index


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--unchecked", is_flag=True, help="Run psql or pgbench even when the marts contain planted code.")
@json_option
@click.argument("program", required=False, shell_complete=completing.programs)
@click.argument("args", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def tool(ctx: click.Context, unchecked: bool, as_json: bool, program: str | None, args: tuple[str, ...]) -> None:
    """Run a program of Postgres, such as pg_dump, on the server.

    The program is of the version of the server, and gets its address, user, password and database as environment
    variables. ARGS are its arguments, and the exit code is that of the program. Without PROGRAM, the programs are
    listed. pg_restore connects only with its own option -d.

    \b
    Example:
        stanchion tool
        stanchion tool pg_dump --schema=core --file=core.sql
        stanchion tool vacuumdb --analyze-in-stages
    """
    with find_server(ctx.obj.dsn) as server:
        if program is None:
            rows = [{"program": name, "path": str(found.path)} for name, found in sorted(find_programs(server).items())]
            print_rows(as_json, rows, "No program of Postgres is installed here; install postgresql-client.")
            return
        found = find_program(server, program)
        if program in _RUNS_CODE_OF_MARTS and not unchecked:
            refuse_planted_code(server)
        code = run_program([found.path, *args], found.environment(server))
    ctx.exit(code)

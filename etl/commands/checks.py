"""audit and doctor: is what the database promises still so?"""

import time

import click

from etl.audit.run import audit as run_audit
from etl.commands.options import database_option, json_option, note, open_server, print_json
from etl.database import connect


@click.command()
@json_option
@database_option
def audit(as_json: bool) -> None:
    """Try to reach another tenant's data, as every role with real logins; exit 1 and name each leak.

    Makes two tenants and five logins for the time it takes, and removes them.

    \b
    Example:
        stanchion audit
    """
    started = time.monotonic()
    with open_server() as server, connect(server) as conn:
        report = run_audit(conn, server.dsn, note)
    if as_json:
        print_json(
            {
                "findings": [vars(finding) for finding in report.findings],
                **{key: value for key, value in vars(report).items() if key != "findings"},
            }
        )
    else:
        for finding in report.findings:
            click.secho(str(finding), fg="red")
        click.echo(
            f"{report.rules} rules and {report.attempts} attempts by {report.logins} logins on {report.relations} "
            f"relations and {report.functions} functions in {time.monotonic() - started:.1f} s: "
            + (f"{len(report.findings)} found." if report.findings else "nothing leaks.")
        )
    if report.findings:
        click.get_current_context().exit(1)

"""audit and doctor: is what the database promises still so?"""

import time

import click

from stanchion.audit.matrix import access_matrix
from stanchion.audit.run import audit as run_audit
from stanchion.cli.options import database_option, json_option, note, open_server, print_json, some
from stanchion.ops.doctor import Check, examine
from stanchion.server.connection import connect, require_deployed
from stanchion.server.embedded import Embedded


@click.command()
@click.option("--matrix", is_flag=True, help="Only print who may do what, as Markdown.")
@json_option
@database_option
def audit(matrix: bool, as_json: bool) -> None:
    """Try to reach another tenant's data, as every role with real logins; exit 1 and name each leak.

    Makes two tenants and five logins for the time it takes, and removes them.

    \b
    Example:
        stanchion audit
        stanchion audit --matrix
    """
    if matrix:
        with open_server() as server, connect(server) as conn:
            require_deployed(conn)
            click.echo(access_matrix(conn))
        return
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


@click.command()
@click.option("--strict", is_flag=True, help="Exit 1 on any alert, for schedulers.")
@json_option
@database_option
def doctor(strict: bool, as_json: bool) -> None:
    """Say in sentences whether the database is well, and for what is not, what to do.

    \b
    Example:
        stanchion doctor
        stanchion doctor --strict || mail -s "stanchion" dba@example.org
    """
    with open_server() as server, connect(server) as conn:
        checks = list(examine(conn, Embedded().data if server.embedded else None))
    alerts = sum(len(check.alerts) for check in checks)
    if as_json:
        print_json([{"promise": check.promise, "alerts": [vars(alert) for alert in check.alerts]} for check in checks])
    else:
        for check in checks:
            _show(check)
        click.echo(f"\n{some(len(checks), 'check')}, {some(alerts, 'alert')}.")
    if strict and alerts:
        click.get_current_context().exit(1)


def _show(check: Check) -> None:
    if not check.alerts:
        click.echo(f"{click.style('ok', fg='green')}     {check.promise}")
    for alert in check.alerts:
        click.echo(f"{click.style('alert', fg='red')}  {alert.problem} {click.style(alert.remedy, bold=True)}")

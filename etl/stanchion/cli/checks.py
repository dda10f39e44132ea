"""doctor, audit, replay and after-restore: check the database and repair it."""

import time
from dataclasses import asdict

import click
import psycopg

from stanchion.cli import completing
from stanchion.cli.errors import sentence
from stanchion.cli.options import confirm, data_of, database_option, json_option, open_database, open_server, yes_option
from stanchion.cli.output import count_of, note, print_findings, print_json, printable
from stanchion.cluster.doctor import examine_cluster
from stanchion.cluster.freshness import examine_mirror
from stanchion.contest.replay import Replayed, competitions
from stanchion.contest.replay import replay as replay_competition
from stanchion.errors import StanchionError
from stanchion.ops.after_restore import Stale, find_stale, repair
from stanchion.ops.check import Check
from stanchion.ops.deep import examine_deep
from stanchion.ops.doctor import examine
from stanchion.ops.metrics import of_checks, openmetrics
from stanchion.ops.nagios import UNKNOWN, nagios, unknown
from stanchion.server.connection import connect, require_deployed


@click.command()
@click.option("--strict", is_flag=True, help="Exit with code 1 when there is an alert, for schedulers.")
@click.option("--deep", is_flag=True, help="Also read every table and index with amcheck, to find damaged ones.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "openmetrics", "nagios"]),
    default="text",
    show_default=True,
    help="Form of the result. With nagios, the exit code is that of a plug-in: 0, 1, 2, or 3 without an answer.",
)
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
@database_option
def doctor(strict: bool, deep: bool, form: str) -> None:
    """Check the database, and print a remedy for each problem.

    \b
    Example:
        stanchion doctor
        stanchion doctor --deep
        stanchion doctor --strict || mail -s "stanchion" dba@example.org
        stanchion doctor --format nagios
    """
    try:
        with open_server() as server, connect(server) as conn:
            checks = list(examine(conn, data_of(server)))
            checks += examine_cluster(server, conn)
            checks += examine_mirror(server, conn)
            if deep:
                checks.append(examine_deep(conn, note))
    except (StanchionError, psycopg.Error) as e:
        if form != "nagios":
            raise
        click.echo(printable(unknown(sentence(e))))
        click.get_current_context().exit(UNKNOWN)
    alerts = sum(len(check.alerts) for check in checks)
    if form == "json":
        print_json([check.as_dict() for check in checks])
    elif form == "openmetrics":
        click.echo(openmetrics([of_checks(checks)]), nl=False)
    elif form == "nagios":
        code, text = nagios(checks)
        click.echo("\n".join(map(printable, text.splitlines())))
        click.get_current_context().exit(code)
    else:
        for check in checks:
            _print_check(check)
        click.echo(f"\n{count_of(len(checks), 'check')}, {count_of(alerts, 'alert')}.")
    if strict and alerts:
        click.get_current_context().exit(1)


def _print_check(check: Check) -> None:
    if not check.alerts:
        click.echo(f"{click.style('ok', fg='green')}     {check.promise}")
    for alert in check.alerts:
        problem, remedy = printable(alert.problem), click.style(printable(alert.remedy), bold=True)
        click.echo(f"{click.style('alert', fg='red')}  {problem} {remedy}")


@click.command()
@click.option("--matrix", is_flag=True, help="Print the privileges of each role as Markdown, and try nothing.")
@click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    help="Part to run, repeatable: a rule, rules, a role such as analyst, or a login (default: every part).",
)
@json_option
@database_option
def audit(matrix: bool, only: tuple[str, ...], as_json: bool) -> None:
    """Try to reach other tenants' data, as every role.

    Creates two tenants and six logins, connects with each login, and removes them at the end. A login that has more
    rights than its role is tried too, with a temporary login of the same memberships. Prints each leak that it finds.
    The exit code is 1 when there is one.

    \b
    Example:
        stanchion audit
        stanchion audit --only rules --only analyst
        stanchion audit --only rls_is_forced --json
        stanchion audit --matrix
    """
    from stanchion.audit.matrix import access_matrix
    from stanchion.audit.run import audit as run_audit

    if matrix:
        with open_server() as server, connect(server) as conn:
            require_deployed(conn)
            click.echo(access_matrix(conn))
        return
    started = time.monotonic()
    with open_server() as server, connect(server) as conn:
        result = run_audit(conn, server.dsn, note, only)
    if as_json:
        print_json(
            {
                "findings": [finding.as_dict() for finding in result.findings],
                **{key: value for key, value in vars(result).items() if key != "findings"},
            }
        )
    else:
        print_findings(result.findings)
        click.echo(
            f"{result.rules} rules and {result.attempts} attempts by {result.logins} logins on {result.relations} "
            f"relations and {result.functions} functions in {time.monotonic() - started:.1f} s: "
            + (f"{len(result.findings)} found." if result.findings else "nothing leaks.")
        )
    if result.findings:
        click.get_current_context().exit(1)


@click.command()
@click.argument("names", metavar="[COMPETITION]...", nargs=-1)
@click.option(
    "--tenant",
    required=True,
    metavar="SLUG",
    shell_complete=completing.tenants,
    help="Slug or id of the tenant of the competitions.",
)
@click.option("--repair", is_flag=True, help="Replace the rows that differ by the rows that the events yield.")
@json_option
@database_option
def replay(names: tuple[str, ...], tenant: str, repair: bool, as_json: bool) -> None:
    """Rebuild competitions from their events, and compare.

    Without a name, every competition of the tenant is compared. Without --repair, nothing is changed. Prints each row
    that differs; the exit code is 1 when there is one and --repair is missing. New scores of a competition wait while
    it is compared.

    \b
    Example:
        stanchion replay summer-cup --tenant harbour
        stanchion replay --tenant harbour --json
    """
    with open_database() as conn:
        found = [replay_competition(conn, tenant, name, repair=repair) for name in names or competitions(conn, tenant)]
    if as_json:
        print_json([asdict(each) for each in found])
    else:
        for each in found:
            for difference in each.differences:
                click.secho(printable(str(difference)), fg="red")
            click.echo(f"{each.competition}: {_comparison(each, repair)}")
        if not found:
            click.echo(f"{tenant} has no competitions.")
    if any(each.differences for each in found) and not repair:
        click.get_current_context().exit(1)


def _comparison(found: Replayed, repair: bool) -> str:
    if not found.differences:
        return f"all {count_of(found.rows, 'row')} match the events."
    return f"{count_of(len(found.differences), 'row')} differ from the events{', now repaired' if repair else ''}."


@click.command()
@yes_option
@json_option
@database_option
def after_restore(yes: bool, as_json: bool) -> None:
    """Repair a database that was restored from another server.

    Needed after pg_restore, not after a copy of the server's files. Run it as a superuser before anything else writes.
    Events get transaction ids of this server, so that every consumer continues at its position and misses none. Grants
    of analysts are bound to the logins of the same names, after a question that lists them. Missing partitions are
    created. A second run changes nothing.

    \b
    Example:
        stanchion after-restore
        stanchion verify && stanchion audit
    """
    with open_database() as conn:
        stale = find_stale(conn)
        regranted, missing = stale.logins(there=True), stale.logins(there=False)
        if regranted:
            grants = "; ".join(
                f"{row['login']} reads {', '.join(row['tenants'])}" for row in stale.grants if row["is_there"]
            )
            confirm(f"Grant these logins what they could read on the old server: {grants}?", yes)
        events = repair(conn, stale, regranted)
    if as_json:
        print_json({"events": events, "regranted": regranted, "without_login": missing})
        return
    print_repair(stale, events, regranted)


def print_repair(stale: Stale, events: int, regranted: list[str]) -> None:
    """Print the repairs, and the logins that have no access yet."""
    if events:
        click.echo(f"{count_of(events, 'event')} now carry transaction ids of this server; no consumer misses one.")
    for row in stale.grants:
        login, tenants = row["login"], ", ".join(row["tenants"])
        if login in regranted:
            click.echo(f"{login} reads {tenants} again.")
        elif row["is_there"]:
            remedy = "if it is the same person, run: stanchion after-restore"
            click.echo(f"The login {login}, which read {tenants}, existed before the restore; {remedy}")
        else:
            remedy = "create it with: stanchion analyst add"
            click.echo(f"The login {login}, which read {tenants}, does not exist on this server; {remedy}")
    if not (stale.has_events or stale.grants):
        click.echo("Nothing to repair: events and grants belong to this server.")

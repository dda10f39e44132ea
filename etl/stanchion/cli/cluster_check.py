"""cluster check: objects and statements that a cluster refuses or runs differently."""

import click

from stanchion.cli.options import database_option, json_option, open_database
from stanchion.cli.output import count_of, print_findings, print_json


@click.command()
@json_option
@database_option
def check(as_json: bool) -> None:
    """Find what a cluster refuses or runs differently.

    Runs the tenancy rules about clusters over the catalog, and checks the statements of the loader, the job worker and
    the marts. No cluster is needed and nothing is changed. The exit code is 1 when something is found.

    \b
    Example:
        stanchion cluster check
        stanchion cluster check --json
    """
    from stanchion.cluster.check import check as run_checks

    with open_database() as conn:
        result = run_checks(conn)
    if as_json:
        print_json({**vars(result), "findings": [finding.as_dict() for finding in result.findings]})
    else:
        print_findings(result.findings)
        click.echo(
            f"{count_of(result.rules, 'rule')} over the catalog and {count_of(result.texts, 'statement')}: "
            + (f"{len(result.findings)} found." if result.findings else "nothing stands in the way of a cluster.")
        )
    if result.findings:
        click.get_current_context().exit(1)

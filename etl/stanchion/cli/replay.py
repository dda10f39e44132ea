"""replay: are the tables of a competition what its events say?"""

from dataclasses import asdict

import click

from stanchion.cli.options import database_option, json_option, open_database, print_json, some
from stanchion.contest.replay import Replayed, competitions, replay


@click.command("replay")
@click.argument("names", metavar="[COMPETITION]...", nargs=-1)
@click.option("--tenant", required=True, metavar="SLUG", help="Whose competitions.")
@click.option("--repair", is_flag=True, help="Keep what the events say where the tables differ.")
@json_option
@database_option
def replay_command(names: tuple[str, ...], tenant: str, repair: bool, as_json: bool) -> None:
    """Build competitions anew from their events and compare; exit 1 and name each row that differs.

    Without a name it takes all of the tenant. Nothing is changed without --repair; scores of the competition wait
    meanwhile.

    \b
    Example:
        stanchion replay summer-cup --tenant harbour
        stanchion replay --tenant harbour --json
    """
    with open_database() as conn:
        found = [replay(conn, tenant, name, repair=repair) for name in names or competitions(conn, tenant)]
    if as_json:
        print_json([asdict(each) for each in found])
    else:
        for each in found:
            for difference in each.differences:
                click.secho(str(difference), fg="red")
            click.echo(f"{each.competition}: {_sentence(each, repair)}")
        if not found:
            click.echo(f"{tenant} has no competitions.")
    if any(each.differences for each in found) and not repair:
        click.get_current_context().exit(1)


def _sentence(found: Replayed, repair: bool) -> str:
    if not found.differences:
        return f"all {some(found.rows, 'row')} are what its events say."
    return f"{some(len(found.differences), 'row')} not as its events say{', and repaired' if repair else ''}."

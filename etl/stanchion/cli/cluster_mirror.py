"""cluster mirror: copy the sources of the marts to the server on which dbt builds."""

from dataclasses import asdict

import click

from stanchion.cli.options import database_option, json_option, marts_option, open_server
from stanchion.cli.output import count_of, note, print_json
from stanchion.server.connection import connect


@click.command()
@click.option("--from-scratch", is_flag=True, help="Copy every row again, in place, after the sources were restored.")
@click.option("--status", is_flag=True, help="Copy nothing, and print how far the mirror is behind its sources.")
@click.option(
    "--wait", default=600, show_default=True, metavar="SECONDS", help="Longest wait for another run to finish."
)
@marts_option
@json_option
@database_option
def mirror(from_scratch: bool, status: bool, wait: int, marts_dsn: str | None, as_json: bool) -> None:
    """Copy the sources of the marts to where dbt builds.

    `stanchion build` does the same before each build. The mirror is in schemas mirror_core, mirror_contest and so on,
    on the coordinator or on a server of its own. Only changes are copied: games by load, purchases by transaction, and
    small tables of the tenants whose rows differ. The next run continues a run that was killed.

    \b
    Example:
        stanchion cluster mirror
        stanchion cluster mirror --status --json
        stanchion cluster mirror --marts-dsn postgresql://me@marts.example/stats
    """
    from stanchion.cluster.freshness import freshness
    from stanchion.cluster.mirror import mirror as run_mirror
    from stanchion.marts.node import marts_server

    with open_server() as server, connect(server) as conn:
        marts = marts_server(server, marts_dsn)
        if status:
            with connect(marts) as there:
                behind = freshness(conn, there)
            if as_json:
                print_json(asdict(behind))
            else:
                click.echo(str(behind))
            return
        result = run_mirror(server, conn, marts, from_scratch=from_scratch, wait=wait, report=note)
    if as_json:
        print_json(asdict(result))
    else:
        click.echo(
            f"{count_of(result.rows, 'row')} of {count_of(result.games, 'game')} and "
            f"{count_of(result.tenants, 'tenant')} mirrored up to load {result.horizon}. {result.seconds:.1f} s."
        )

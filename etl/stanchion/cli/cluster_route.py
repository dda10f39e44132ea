"""cluster route: the node of each tenant."""

from __future__ import annotations

import click

from stanchion.cli import completing
from stanchion.cli.options import database_option, json_option, open_server
from stanchion.cli.output import print_result, print_rows
from stanchion.cluster.route import entries, entry_of, pgbouncer, pgbouncer_name
from stanchion.server.connection import connect


@click.command()
@click.argument("tenant", shell_complete=completing.tenants, required=False)
@click.option(
    "--pgbouncer", "for_pooler", is_flag=True, help="Print the entries of PgBouncer, or the one of the tenant."
)
@json_option
@database_option
def route(tenant: str | None, for_pooler: bool, as_json: bool) -> None:
    """Print the node of each tenant, or PgBouncer's entries.

    Without TENANT, every node is printed with the number of its tenants. Applications call core.home_of(tenant).

    \b
    Example:
        stanchion cluster route harbour
        stanchion cluster route --pgbouncer > databases.ini
    """
    with open_server() as server, connect(server) as conn:
        database, known = conn.info.dbname, entries(conn)
        chosen = entry_of(conn, tenant) if tenant else None
    if chosen:
        name = pgbouncer_name(database, chosen)
        facts = {"tenant": tenant, "node": chosen.node, "address": str(chosen.address), "pgbouncer": name}
        print_result(as_json, facts, name if for_pooler else str(chosen.address))
    elif for_pooler:
        click.echo("\n".join(pgbouncer(database, known)))
    else:
        rows = [
            {"node": entry.node, "address": str(entry.address), "is_coordinator": entry.is_coordinator}
            | {"tenants": entry.tenants}
            for entry in known
        ]
        print_rows(as_json, rows, "The cluster has no nodes.")

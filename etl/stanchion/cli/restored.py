"""restored: make right what a restore into another server cannot."""

import click

from stanchion.cli.options import confirm, database_option, json_option, open_database, print_json, some, yes_option
from stanchion.ops.after_restore import look, mend


@click.command()
@yes_option
@json_option
@database_option
def restored(yes: bool, as_json: bool) -> None:
    """Mend what was bound to the server that a dump came from, before anything else writes; again changes nothing.

    Events get transactions of this server, so that every consumer goes on where it was and misses none; analysts'
    grants are bound to the logins of the same names, which are listed and asked about first; days are made.

    \b
    Example:
        stanchion restored
        stanchion verify && stanchion audit
    """
    with open_database() as conn:
        stale = look(conn)
        regranted, gone = stale.logins(there=True), stale.logins(there=False)
        if regranted:
            shown = "; ".join(
                f"{row['login']} reads {', '.join(row['tenants'])}" for row in stale.grants if row["is_there"]
            )
            confirm(f"Let these logins read again what they read on the old server: {shown}?", yes)
        events = mend(conn, stale)
    if as_json:
        print_json({"events": events, "regranted": regranted, "without_login": gone})
        return
    if events:
        click.echo(f"{some(events, 'event')} go by transactions of this server; no consumer misses one.")
    for row in stale.grants:
        if row["is_there"]:
            click.echo(f"{row['login']} reads {', '.join(row['tenants'])} again.")
        else:
            click.echo(f"{row['login']} has no login here and reads nothing; make one with: stanchion analyst add")
    if not (stale.has_events or stale.grants):
        click.echo("Nothing to mend: everything is of this server.")

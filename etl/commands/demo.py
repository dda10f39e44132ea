"""demo: from nothing to a deployed database with two leagues in it."""

import os
import shutil
import sys
import time

import click

from etl import deploy, tenants
from etl.commands.options import confirm, database_option, note, open_server, some, yes_option
from etl.database import Connection, connect
from etl.modules import discover
from etl.paths import ROOT

LEAGUES = {
    "harbour": ("Harbour League", {}),
    "lakeside": ("Lakeside Cup", {"contest.periods": "2", "contest.period_seconds": "1500", "contest.points_win": "3"}),
}


@click.command()
@yes_option
@database_option
def demo(yes: bool) -> None:
    """Deploy to the server in use and add two leagues with different rules; again changes nothing.

    Asks first where the server is not the embedded one.

    \b
    Example:
        stanchion demo
        stanchion up && stanchion psql -c "select * from contest.rules"
    """
    started = time.monotonic()
    with open_server() as server, connect(server) as conn:
        if not server.embedded:
            confirm(f"Deploy to the server {server.description} and add two sample leagues?", yes)
        with deploy.deploy_lock(conn, 600, note):
            steps = deploy.plan_deploy(conn, discover(ROOT))
            deploy.deploy(conn, steps, lambda _: None)
            deploy.make_due_partitions(conn)
        click.echo(f"{some(len(steps), 'module')} deployed." if steps else "Every module is deployed already.")
        known = {row["slug"] for row in tenants.list_tenants(conn)}
        for slug, (name, rules) in LEAGUES.items():
            if slug in known:
                continue
            with conn.transaction():
                tenants.add_tenant(conn, slug, name, "league")
                for setting, setting_value in rules.items():
                    tenants.set_setting(conn, slug, setting, setting_value, None)
        _show(conn)
    click.echo(f"\nDone in {time.monotonic() - started:.1f} s. Look around with:\n")
    program = "stanchion" if shutil.which("stanchion") else os.path.relpath(sys.argv[0])
    for line in (
        'psql -c "select * from contest.rules"',
        "analyst add alex --tenant harbour    a login that reads one league and nothing else",
        "up                                   keep the server running, for other programs",
        "down --purge                         remove everything again",
    ):
        click.echo(f"    {program} {line}")


def _show(conn: Connection) -> None:
    """What is there now."""
    rows = conn.execute(
        """
        select t.name, r.periods || ' x ' || r.period_seconds / 60 || ' min', r.points_win::text
        from contest.rules as r
        join core.tenant as t on t.tenant_id = r.tenant_id
        where t.slug = any (%s) and r.valid_to = 'infinity'
        order by t.name
        """,
        [list(LEAGUES)],
    )
    click.echo("\nleague            plays        a win is worth")
    for name, periods, points in rows:
        click.echo(f"{name:16}  {periods:11}  {points}")

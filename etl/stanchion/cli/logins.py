"""analyst and login: with what people and programs connect to the database."""

import click

from stanchion.access import analysts, logins
from stanchion.cli.options import (
    confirm,
    database_option,
    json_option,
    open_database,
    print_json,
    report,
    show,
    yes_option,
)
from stanchion.server.connection import Connection
from stanchion.server.locate import configured_by


@click.group()
def analyst() -> None:
    """Add, list and revoke database logins that read exactly the tenants granted to them."""


@analyst.command("add")
@click.argument("login")
@click.option("--tenant", "slugs", multiple=True, required=True, metavar="SLUG", help="A tenant to read; repeatable.")
@json_option
@database_option
def analyst_add(login: str, slugs: tuple[str, ...], as_json: bool) -> None:
    """Let a login read these tenants too, whatever it SETs; a new login's password is shown this once.

    \b
    Example:
        stanchion analyst add alex --tenant harbour --tenant lakeside
    """
    with open_database() as conn:
        password = analysts.add_analyst(conn, login, list(slugs))
        where = address(conn)
    if as_json:
        print_json({"login": login, "tenants": slugs, "password": password})
        return
    click.echo(f"{login} reads {', '.join(slugs)}.")
    if password:
        show_password(login, password, where)


@analyst.command("list")
@json_option
@database_option
def analyst_list(as_json: bool) -> None:
    """List the logins of analysts and the tenants they read.

    \b
    Example:
        stanchion analyst list
    """
    with open_database() as conn:
        rows = analysts.list_analysts(conn)
    show(as_json, rows, "There is no analyst yet; add one with: stanchion analyst add LOGIN --tenant SLUG")


@analyst.command("revoke")
@click.argument("login")
@click.option("--tenant", "slugs", multiple=True, metavar="SLUG", help="A tenant to read no more; else all of them.")
@yes_option
@json_option
@database_option
def analyst_revoke(login: str, slugs: tuple[str, ...], yes: bool, as_json: bool) -> None:
    """End reading at once, also for open connections; a login with no tenant left is dropped.

    \b
    Example:
        stanchion analyst revoke alex --tenant lakeside
        stanchion analyst revoke alex
    """
    with open_database() as conn:
        if not slugs:
            confirm(f"Drop the login {login}?", yes)
        dropped = analysts.revoke_analyst(conn, login, list(slugs))
    if as_json:
        print_json({"login": login, "dropped": dropped})
    else:
        click.echo(f"{login} is gone." if dropped else f"{login} no longer reads {', '.join(slugs)}.")


@click.group()
def login() -> None:
    """Add, list and drop database logins of applications, loaders, workers, builders and DBAs."""


@login.command("add")
@click.argument("name")
@click.option("--as", "role", type=click.Choice(logins.ROLES), required=True, help="What the login works as.")
@json_option
@database_option
def login_add(name: str, role: str, as_json: bool) -> None:
    """Make a login with the time limits of its kind; its password is shown this once.

    \b
    Example:
        stanchion login add scoreboard --as app
    """
    with open_database() as conn:
        password = logins.add_login(conn, name, role)
        where = address(conn)
    if as_json:
        print_json({"login": name, "as": role, "password": password})
    else:
        show_password(name, password, where)


@login.command("list")
@json_option
@database_option
def login_list(as_json: bool) -> None:
    """List the logins that work with tenants' data, analysts among them.

    \b
    Example:
        stanchion login list
    """
    with open_database() as conn:
        rows = logins.list_logins(conn)
    show(as_json, rows, "There is no login yet; add one with: stanchion login add NAME --as app")


@login.command("drop")
@click.argument("name")
@yes_option
@json_option
@database_option
def login_drop(name: str, yes: bool, as_json: bool) -> None:
    """Drop a login and end its connections at once.

    \b
    Example:
        stanchion login drop scoreboard
    """
    with open_database() as conn:
        confirm(f"Drop the login {name} and end its connections?", yes)
        logins.remove_login(conn, name)
    report(as_json, {"login": name, "dropped": True}, f"{name} is gone.")


def address(conn: Connection) -> str:
    return f"{conn.info.host}:{conn.info.port}/{conn.info.dbname}"


def show_password(name: str, password: str, where: str) -> None:
    click.echo(f"Password, shown this once: {password}")
    click.echo(f"Connect as {name} to {where}")
    if not configured_by(click.get_current_context().obj.dsn):
        click.echo("The embedded server answers while it is up: stanchion up keeps it so.")

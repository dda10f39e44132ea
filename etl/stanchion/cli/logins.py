"""analyst and login: the database logins of people and programs."""

from pathlib import Path
from typing import Any

import click

from stanchion.access import analysts, logins
from stanchion.access.address import Address, add_to_pgpass, address_for, require_writable, write_variables
from stanchion.cli import completing
from stanchion.cli.options import confirm, database_option, json_option, open_database, yes_option
from stanchion.cli.output import print_json, print_result, print_rows
from stanchion.errors import StanchionError
from stanchion.server.locate import configured_by


@click.group()
def analyst() -> None:
    """Add, list and revoke logins that read the marts of tenants.

    Such a login reads exactly the tenants that were granted to it.
    """


@analyst.command("add")
@click.argument("login")
@click.option(
    "--tenant",
    "slugs",
    multiple=True,
    required=True,
    metavar="SLUG",
    shell_complete=completing.tenants,
    help="Tenant to read. Repeatable.",
)
@click.option(
    "--pgpass",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Password file to add the login to, such as ~/.pgpass, which libpq reads.",
)
@click.option(
    "--env",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File to write with PGHOST, PGPORT, PGDATABASE, PGUSER and PGPASSWORD.",
)
@json_option
@database_option
def analyst_add(login: str, slugs: tuple[str, ...], pgpass: Path | None, env: Path | None, as_json: bool) -> None:
    """Grant tenants to a login.

    A login that does not exist is created, and its password is printed once, with a command that connects. No SET
    statement of the login gives it access to another tenant.

    \b
    Example:
        stanchion analyst add alex --tenant harbour --tenant lakeside
        stanchion analyst add alex --tenant harbour --pgpass ~/.pgpass
    """
    require_writable(pgpass, env)
    with open_database() as conn:
        if (pgpass or env) and analysts.is_analyst(conn, login):
            raise StanchionError(
                f"'{login}' exists already, and its password is not stored, so no file can contain it; "
                "leave out --pgpass and --env, or choose another name."
            )
        password = analysts.add_analyst(conn, login, list(slugs))
        address = address_for(conn, login)
    if password and pgpass:
        add_to_pgpass(pgpass, address, password)
    if password and env:
        write_variables(env, address, password)
    if as_json:
        print_json({"login": login, "tenants": slugs} | _facts(address, password))
        return
    click.echo(f"{login} reads {', '.join(slugs)}.")
    if password:
        print_password(address, password)


@analyst.command("list")
@json_option
@database_option
def analyst_list(as_json: bool) -> None:
    """List the logins of analysts, with the tenants that they read.

    \b
    Example:
        stanchion analyst list
    """
    with open_database() as conn:
        rows = analysts.list_analysts(conn)
    print_rows(as_json, rows, "No analysts yet; add one with: stanchion analyst add LOGIN --tenant SLUG")


@analyst.command("revoke")
@click.argument("login")
@click.option(
    "--tenant",
    "slugs",
    multiple=True,
    metavar="SLUG",
    shell_complete=completing.tenants,
    help="Tenant to revoke. Repeatable (default: all).",
)
@yes_option
@json_option
@database_option
def analyst_revoke(login: str, slugs: tuple[str, ...], yes: bool, as_json: bool) -> None:
    """Revoke tenants from a login.

    The open sessions of the login are ended. A login without a remaining tenant is dropped.

    \b
    Example:
        stanchion analyst revoke alex --tenant lakeside
        stanchion analyst revoke alex
    """
    with open_database() as conn:
        if not slugs:
            confirm(f"Drop the login {login}?", yes)
        revoked = analysts.revoke_analyst(conn, login, list(slugs))
    done = f"{login} is dropped." if revoked.is_dropped else f"{login} no longer reads {', '.join(slugs)}."
    print_result(
        as_json,
        {
            "login": login,
            "dropped": revoked.is_dropped,
            "ended": revoked.sessions.number,
            "open": list(revoked.sessions.left),
        },
        f"{done} {revoked.sessions}".rstrip(),
    )


@click.group()
def login() -> None:
    """Add, list and drop logins of programs and DBAs.

    The programs are applications, loaders, job workers and builders of marts.
    """


@login.command("add")
@click.argument("name")
@click.option("--as", "role", type=click.Choice(logins.ROLES), required=True, help="Role of the login.")
@click.option(
    "--connections",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="Largest number of its connections (default: 50 for app and loader, else 20).",
)
@json_option
@database_option
def login_add(name: str, role: str, connections: int | None, as_json: bool) -> None:
    """Create a login with the privileges and limits of a role.

    Its password is printed once. The limits are timeouts and a number of connections.

    \b
    Example:
        stanchion login add scoreboard --as app
    """
    with open_database() as conn:
        password = logins.add_login(conn, name, role, connections)
        address = address_for(conn, name)
    if as_json:
        print_json({"login": name, "as": role} | _facts(address, password))
    else:
        print_password(address, password)


@login.command("list")
@json_option
@database_option
def login_list(as_json: bool) -> None:
    """List the logins that have access to data of tenants.

    Analysts are included.

    \b
    Example:
        stanchion login list
    """
    with open_database() as conn:
        rows = logins.list_logins(conn)
    print_rows(as_json, rows, "No logins yet; add one with: stanchion login add NAME --as app")


@login.command("drop")
@click.argument("name")
@yes_option
@json_option
@database_option
def login_drop(name: str, yes: bool, as_json: bool) -> None:
    """Drop a login and end its open connections.

    \b
    Example:
        stanchion login drop scoreboard
    """
    with open_database() as conn:
        confirm(f"Drop the login {name} and end its connections?", yes)
        logins.remove_login(conn, name)
    print_result(as_json, {"login": name, "dropped": True}, f"{name} is dropped.")


def _facts(address: Address, password: str | None) -> dict[str, Any]:
    """Return the address for a program, with the password when it is known."""
    return {
        "password": password,
        "host": address.host,
        "port": address.port,
        "database": address.database,
        "url": address.url(password),
    }


def print_password(address: Address, password: str) -> None:
    """Print the password of a new login, and the command that connects."""
    click.echo(f"Password, shown this once: {password}")
    click.echo(f"Connect with: {address.psql()}")
    if not configured_by(click.get_current_context().obj.dsn):
        click.echo("The embedded server accepts connections while it runs; start it with stanchion up.")

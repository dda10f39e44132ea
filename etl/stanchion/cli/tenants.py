"""tenant and key: who there is, what is set for them, and with what their programs come in."""

from datetime import datetime

import click

from stanchion.access import tenants
from stanchion.cli.options import database_option, json_option, open_database, print_json, report, show


@click.group()
def tenant() -> None:
    """Add, list and configure tenants."""


@tenant.command("add")
@click.argument("slug")
@click.option("--name", help="What people call it; the slug when not given.")
@click.option("--kind", type=click.Choice(tenants.KINDS), default="league", show_default=True, help="What it is.")
@json_option
@database_option
def tenant_add(slug: str, name: str | None, kind: str, as_json: bool) -> None:
    """Add a tenant; refused when there is one of that slug.

    \b
    Example:
        stanchion tenant add harbour --name "Harbour League"
    """
    with open_database() as conn:
        tenant_id = tenants.add_tenant(conn, slug, name or slug, kind)
    if as_json:
        print_json({"slug": slug, "tenant_id": tenant_id})
    else:
        click.echo(f"{slug} is tenant {tenant_id}.")


@tenant.command("list")
@json_option
@database_option
def tenant_list(as_json: bool) -> None:
    """List every tenant with its domains and analysts.

    \b
    Example:
        stanchion tenant list
    """
    with open_database() as conn:
        rows = tenants.list_tenants(conn)
    show(as_json, rows, "There is no tenant yet; add one with: stanchion tenant add SLUG")


@tenant.command("config")
@click.argument("slug")
@click.argument("setting", required=False)
@click.argument("setting_value", metavar="[VALUE]", required=False)
@click.option(
    "--from",
    "valid_from",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day from which it holds; else from the beginning.",
)
@json_option
@database_option
def tenant_config(
    slug: str, setting: str | None, setting_value: str | None, valid_from: datetime | None, as_json: bool
) -> None:
    """Show the settings of a tenant, or set one from a day on without changing the days before.

    \b
    Example:
        stanchion tenant config harbour
        stanchion tenant config harbour contest.period_seconds 1080 --from 2026-09-01
    """
    if setting and setting_value is None:
        raise click.UsageError(f"Say which value {setting} shall have.")
    with open_database() as conn:
        if setting and setting_value is not None:
            tenants.set_setting(conn, slug, setting, setting_value, valid_from.date() if valid_from else None)
        rows = tenants.settings(conn, slug)
    show(as_json, rows, "There are no settings.")


@tenant.command("domain")
@click.argument("slug")
@click.argument("domain")
@json_option
@database_option
def tenant_domain(slug: str, domain: str, as_json: bool) -> None:
    """Give a tenant a host name; refused when somebody has it.

    \b
    Example:
        stanchion tenant domain harbour stats.harbour.example
    """
    with open_database() as conn:
        tenants.add_domain(conn, slug, domain)
    report(as_json, {"slug": slug, "domain": domain.lower()}, f"{domain.lower()} is {slug}.")


@tenant.command("suspend")
@click.argument("slug")
@json_option
@database_option
def tenant_suspend(slug: str, as_json: bool) -> None:
    """Close a tenant to its domains, API keys and analysts, at once and keeping everything.

    \b
    Example:
        stanchion tenant suspend harbour
    """
    with open_database() as conn:
        tenants.set_status(conn, slug, "suspended")
    done = f"{slug} is suspended; stanchion tenant resume {slug} opens it again."
    report(as_json, {"slug": slug, "status": "suspended"}, done)


@tenant.command("resume")
@click.argument("slug")
@json_option
@database_option
def tenant_resume(slug: str, as_json: bool) -> None:
    """Open a suspended tenant again.

    \b
    Example:
        stanchion tenant resume harbour
    """
    with open_database() as conn:
        tenants.set_status(conn, slug, "active")
    report(as_json, {"slug": slug, "status": "active"}, f"{slug} is active.")


@click.group()
def key() -> None:
    """Create, list and revoke API keys, of which only the hash is kept."""


@key.command("create")
@click.argument("slug")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, help="What it is for; repeatable.")
@json_option
@database_option
def key_create(slug: str, name: str, scopes: tuple[str, ...], as_json: bool) -> None:
    """Make an API key for a tenant and show it this once.

    \b
    Example:
        stanchion key create harbour scoreboard --scope read
    """
    with open_database() as conn:
        made = tenants.create_key(conn, slug, name, list(scopes))
    if as_json:
        print_json({"name": name, "key": made})
    else:
        click.echo(made)


@key.command("list")
@click.argument("slug")
@json_option
@database_option
def key_list(slug: str, as_json: bool) -> None:
    """List the keys of a tenant, those revoked too.

    \b
    Example:
        stanchion key list harbour
    """
    with open_database() as conn:
        rows = tenants.list_keys(conn, slug)
    show(as_json, rows, f"{slug} has no keys; make one with: stanchion key create {slug} NAME")


@key.command("revoke")
@click.argument("slug")
@click.argument("name")
@json_option
@database_option
def key_revoke(slug: str, name: str, as_json: bool) -> None:
    """End an API key, from the next transaction on.

    \b
    Example:
        stanchion key revoke harbour scoreboard
    """
    with open_database() as conn:
        tenants.revoke_key(conn, slug, name)
    report(as_json, {"slug": slug, "name": name, "revoked": True}, f"The key {name} of {slug} is revoked.")

"""tenant and key: tenants, their settings and domains, and the API keys of their programs."""

from datetime import datetime

import click

from stanchion.access import tenants
from stanchion.cli import completing
from stanchion.cli.options import database_option, json_option, open_database
from stanchion.cli.output import print_json, print_result, print_rows
from stanchion.cli.tenant_transfer import tenant_export, tenant_import, tenant_remove
from stanchion.contest.rules import PRESETS


@click.group()
def tenant() -> None:
    """Add, configure, export, import and remove tenants."""


@tenant.command("add")
@click.argument("slug")
@click.option("--name", help="Name of the tenant (default: the slug).")
@click.option("--kind", type=click.Choice(tenants.KINDS), default="league", show_default=True, help="Kind of tenant.")
@json_option
@database_option
def tenant_add(slug: str, name: str | None, kind: str, as_json: bool) -> None:
    """Add a tenant. Refused when a tenant with the same slug exists.

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
    print_rows(as_json, rows, "No tenants yet; add one with: stanchion tenant add SLUG")


@tenant.command("config")
@click.argument("slug", shell_complete=completing.tenants)
@click.argument("setting", required=False)
@click.argument("setting_value", metavar="[VALUE]", required=False)
@click.option(
    "--from",
    "valid_from",
    type=click.DateTime(["%Y-%m-%d"]),
    help="First day on which the value applies (default: from the beginning).",
)
@click.option(
    "--rules",
    type=click.Choice(sorted(PRESETS)),
    help="Set the periods, the overtime and the points of this kind of league.",
)
@json_option
@database_option
def tenant_config(
    slug: str,
    setting: str | None,
    setting_value: str | None,
    valid_from: datetime | None,
    rules: str | None,
    as_json: bool,
) -> None:
    """Show the settings of a tenant, or change them.

    --rules sets the number and length of periods, the overtime and the points of a kind of league at once. With --from,
    earlier days keep their value.

    \b
    Example:
        stanchion tenant config harbour
        stanchion tenant config harbour contest.period_seconds 1080 --from 2026-09-01
        stanchion tenant config harbour --rules pwhl
    """
    if setting and setting_value is None:
        raise click.UsageError(f"Missing argument VALUE: the new value of {setting}.")
    if setting and rules:
        raise click.UsageError("Give either a setting or --rules, not both.")
    changed = {name: str(number) for name, number in PRESETS[rules].items()} if rules else {}
    if setting and setting_value is not None:
        changed[setting] = setting_value
    with open_database() as conn:
        tenants.set_settings(conn, slug, changed, valid_from.date() if valid_from else None)
        rows = tenants.settings(conn, slug)
        remedy = tenants.remedy(conn, slug, changed)
    print_rows(as_json, rows, f"{slug} has no settings.")
    if remedy:
        click.echo(remedy, err=True)


@tenant.command("domain")
@click.argument("slug", shell_complete=completing.tenants)
@click.argument("domain")
@json_option
@database_option
def tenant_domain(slug: str, domain: str, as_json: bool) -> None:
    """Assign a host name to a tenant. Refused when another tenant has it.

    \b
    Example:
        stanchion tenant domain harbour stats.harbour.example
    """
    with open_database() as conn:
        tenants.add_domain(conn, slug, domain)
    print_result(as_json, {"slug": slug, "domain": domain.lower()}, f"{domain.lower()} belongs to {slug}.")


@tenant.command("suspend")
@click.argument("slug", shell_complete=completing.tenants)
@json_option
@database_option
def tenant_suspend(slug: str, as_json: bool) -> None:
    """Suspend a tenant.

    Its domains, API keys and analysts lose access immediately. All data is kept.

    \b
    Example:
        stanchion tenant suspend harbour
    """
    with open_database() as conn:
        tenants.set_status(conn, slug, "suspended")
    sentence = f"{slug} is suspended; stanchion tenant resume {slug} opens it again."
    print_result(as_json, {"slug": slug, "status": "suspended"}, sentence)


@tenant.command("resume")
@click.argument("slug", shell_complete=completing.tenants)
@json_option
@database_option
def tenant_resume(slug: str, as_json: bool) -> None:
    """Reopen a suspended tenant.

    \b
    Example:
        stanchion tenant resume harbour
    """
    with open_database() as conn:
        tenants.set_status(conn, slug, "active")
    print_result(as_json, {"slug": slug, "status": "active"}, f"{slug} is active.")


for command in (tenant_export, tenant_import, tenant_remove):
    tenant.add_command(command)


@click.group()
def key() -> None:
    """Create, list and revoke API keys.

    The database contains only the hash of a key.
    """


@key.command("create")
@click.argument("slug", shell_complete=completing.tenants)
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, help="Scope of the key. Repeatable.")
@json_option
@database_option
def key_create(slug: str, name: str, scopes: tuple[str, ...], as_json: bool) -> None:
    """Create an API key for a tenant and print it.

    The key cannot be printed again, because only its hash is stored.

    \b
    Example:
        stanchion key create harbour scoreboard --scope read
    """
    with open_database() as conn:
        secret = tenants.create_key(conn, slug, name, list(scopes))
    if as_json:
        print_json({"name": name, "key": secret})
    else:
        click.echo(secret)


@key.command("list")
@click.argument("slug", shell_complete=completing.tenants)
@json_option
@database_option
def key_list(slug: str, as_json: bool) -> None:
    """List the API keys of a tenant, including revoked ones.

    \b
    Example:
        stanchion key list harbour
    """
    with open_database() as conn:
        rows = tenants.list_keys(conn, slug)
    print_rows(as_json, rows, f"{slug} has no API keys; create one with: stanchion key create {slug} NAME")


@key.command("revoke")
@click.argument("slug", shell_complete=completing.tenants)
@click.argument("name")
@json_option
@database_option
def key_revoke(slug: str, name: str, as_json: bool) -> None:
    """Revoke an API key.

    The sessions whose transaction uses the key are ended.

    \b
    Example:
        stanchion key revoke harbour scoreboard
    """
    with open_database() as conn:
        ended = tenants.revoke_key(conn, slug, name)
    print_result(
        as_json,
        {"slug": slug, "name": name, "revoked": True, "ended": ended.number, "open": list(ended.left)},
        f"The key {name} of {slug} is revoked. {ended}".rstrip(),
    )

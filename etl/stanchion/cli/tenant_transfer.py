"""tenant export, import and remove: tenants that leave and move."""

from __future__ import annotations

from pathlib import Path

import click

from stanchion.cli import completing
from stanchion.cli.options import confirm, database_option, json_option, open_server, yes_option
from stanchion.cli.output import note, print_json, print_table, printable
from stanchion.server.connection import connect

dry_run_option = click.option("--dry-run", is_flag=True, help="Check and count, and change nothing.")


@click.command("export")
@click.argument("slug", shell_complete=completing.tenants)
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="File to write (ZIP)."
)
@json_option
@database_option
def tenant_export(slug: str, out: Path, as_json: bool) -> None:
    """Write every row of a tenant to one file.

    The file has all tables, documents, the archive of revisions, settings and the audit log, as of one moment, and a
    manifest with counts and checksums. It contains personal data. The tenant can be used during the export.
    Before a move, suspend it, so that nothing is written after the export.

    \b
    Example:
        stanchion tenant export harbour --out harbour.zip
    """
    from stanchion.transfer.outgoing import export_tenant

    with open_server() as server, connect(server) as conn:
        exported = export_tenant(server, conn, slug, out, note)
    if as_json:
        print_json(exported.as_dict())
    else:
        click.echo(printable(f"{exported.manifest.rows:,} rows of {slug} are in {out}."))


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--slug", help="Slug of the tenant here (default: as in the file).")
@click.option("--new-id", is_flag=True, help="Give the tenant another id. Its API keys are left out.")
@dry_run_option
@json_option
@database_option
def tenant_import(file: Path, slug: str | None, new_id: bool, dry_run: bool, as_json: bool) -> None:
    """Import the file of an exported tenant.

    Nothing is changed unless the file is whole and fits this database. A stopped import goes on when the command is
    repeated; a complete one is not repeated. Logins of analysts are not in the file: add them again.

    \b
    Example:
        stanchion tenant import harbour.zip
        stanchion tenant import harbour.zip --slug rehearsal --new-id
    """
    from stanchion.transfer.incoming import import_tenant

    with open_server() as server, connect(server) as conn:
        found = import_tenant(server, conn, file, slug, note, new_id=new_id, dry_run=dry_run)
    if as_json:
        print_json(found.as_dict())
        return
    rows = f"{sum(found.rows.values()):,} rows"
    if found.was_complete:
        click.echo(printable(f"{found.slug} was imported from this file before; nothing was changed."))
        return
    if dry_run:
        click.echo(printable(f"{file} is whole and fits this database: {rows} of {found.slug}. Nothing was changed."))
        return
    click.echo(printable(f"{found.slug} is tenant {found.tenant_id}, with {rows}. Next: stanchion build"))
    if found.taken_domains:
        note(f"Left out, because another tenant has them: {', '.join(found.taken_domains)}.")
    if found.keys_left_out:
        note(f"{found.keys_left_out} API keys contain the old id and were left out: stanchion key create")
    if found.analysts:
        note(f"Its analysts there were {', '.join(found.analysts)}; add them here: stanchion analyst add")
    if found.status == "suspended":
        note(f"{found.slug} is suspended, as it was; open it with: stanchion tenant resume {found.slug}")


@click.command("remove")
@click.argument("slug", shell_complete=completing.tenants)
@click.option(
    "--keep-held", is_flag=True, help="Delete all but the rows of tables on hold, and keep the tenant closed."
)
@dry_run_option
@yes_option
@json_option
@database_option
def tenant_remove(slug: str, keep_held: bool, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Delete a tenant and every row of it.

    Partitions, marts, statistics and archived revisions are included. Rows of tables on hold (stanchion partitions
    hold) are kept: without --keep-held the command refuses. A stopped removal goes on when the command is repeated.
    Backups, and files that were exported, still have the rows.

    \b
    Example:
        stanchion tenant remove harbour --dry-run
        stanchion tenant remove harbour --yes
    """
    from stanchion.transfer.removing import count_rows, remove_tenant

    with open_server() as server, connect(server) as conn:
        found = count_rows(server, conn, slug)
        if not dry_run:
            confirm(f"Delete {slug} with {sum(found.deleted.values()):,} rows? This cannot be undone.", yes)
            found = remove_tenant(server, conn, slug, note, keep_held=keep_held)
    if as_json:
        print_json(found.as_dict())
        return
    rows = [{"table": name, "delete" if dry_run else "deleted": n} for name, n in sorted(found.deleted.items()) if n]
    print_table(rows, "No table has rows of the tenant.")
    for name, count in found.kept.items():
        click.echo(printable(f"Kept: {count:,} rows of {name}, on hold: {found.holds[name]}"))
    total = f"{sum(found.deleted.values()):,} rows"
    if dry_run:
        click.echo(printable(f"{total} of {slug} would be deleted. Nothing was changed."))
    elif found.is_complete:
        click.echo(printable(f"{slug} is removed: {total} were deleted, and none is left."))
    else:
        click.echo(
            printable(f"{slug} is closed, and {total} were deleted. Repeat the command when the holds have ended.")
        )

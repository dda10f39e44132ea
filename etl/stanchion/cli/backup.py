"""dump and restore: one database with its roles, checked before and after."""

from __future__ import annotations

import time
from pathlib import Path

import click

from stanchion.backup.dump import dump as write_dump
from stanchion.backup.manifest import digest_of_catalog, read_manifest
from stanchion.backup.restore import create_roles, differing_counts, restore_objects, target
from stanchion.cli.checks import print_repair
from stanchion.cli.options import database_option, json_option, open_server
from stanchion.cli.output import count_of, note, print_json, print_result
from stanchion.deploy import catalog as catalogs
from stanchion.errors import StanchionError
from stanchion.ops.after_restore import find_stale, repair
from stanchion.paths import query
from stanchion.server.connection import connect

jobs_option = click.option(
    "--jobs", default=1, show_default=True, type=click.IntRange(1, 64), help="Number of tables at a time."
)


@click.command()
@click.option(
    "--out", required=True, metavar="FOLDER", type=click.Path(path_type=Path), help="Folder to write, which is new."
)
@jobs_option
@click.option("--no-passwords", is_flag=True, help="Leave out the password hashes of logins.")
@click.option("--wait", default=600, show_default=True, metavar="SECONDS", help="Longest wait for a deploy to finish.")
@json_option
@database_option
def dump(out: Path, jobs: int, no_passwords: bool, wait: int, as_json: bool) -> None:
    """Write a dump of the database, with its roles and checks.

    The folder gets its name when it is complete. It contains the files of pg_dump in data/, and manifest.json with the
    roles, the number of rows of each table and a digest of each file, all from one snapshot. Only its owner may read
    it, because it contains the rows of all tenants and the password hashes of logins. Run it as a superuser.

    \b
    Example:
        stanchion dump --out /backup/2026-11-28
        stanchion dump --out /backup/2026-11-28 --jobs 4
    """
    started = time.monotonic()
    with open_server() as server:
        made = write_dump(server, out, jobs=jobs, passwords=not no_passwords, wait=wait, report=note)
    facts = {"folder": str(out), "tables": len(made.tables), "rows": made.rows, "roles": len(made.roles)}
    sentence = (
        f"{out} contains {made.rows:,} rows of {count_of(len(made.tables), 'table')} and "
        f"{count_of(len(made.roles), 'role')}, after {time.monotonic() - started:.1f} s."
    )
    print_result(as_json, facts, sentence)


@click.command()
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path))
@click.option("--into", metavar="NAME", help="Create this database and restore into it (default: the configured one).")
@jobs_option
@click.option("--yes", is_flag=True, help="Also grant analysts' logins that exist already the tenants of the dump.")
@json_option
@database_option
def restore(folder: Path, into: str | None, jobs: int, yes: bool, as_json: bool) -> None:
    """Restore a dump into an empty or a new database, and check it.

    The files are checked first. Missing roles are created, and existing ones stay as they are. Then the objects are
    restored, rows are counted and compared with the dump, and the repairs of after-restore are made. At the end the
    catalog is verified; the exit code is 1 when it differs. A database of --into gets its name at the end. Run it as a
    superuser.

    \b
    Example:
        stanchion restore /backup/2026-11-28
        stanchion restore /backup/2026-11-28 --into stats_of_november --jobs 4
    """

    def say(sentence: str) -> None:
        if not as_json:
            click.echo(sentence)

    with open_server() as server:
        note(f"checking {folder}")
        manifest = read_manifest(folder)
        say(f"The dump of {manifest.made_at} is complete: {count_of(len(manifest.files), 'file')} are unchanged.")
        with target(server, manifest, into) as database:
            created = create_roles(database, manifest)
            kept = len(manifest.roles) - len(created)
            existing = f"; {count_of(kept, 'role')} of the dump existed, unchanged" if kept else ""
            say(f"{count_of(len(created), 'role')} created{existing}.")
            restore_objects(database, manifest, folder, jobs, note)
            if differences := differing_counts(database, manifest):
                raise StanchionError("The restored tables differ from the dump:\n  " + "\n  ".join(differences))
            say(f"{count_of(len(manifest.tables), 'table')} contain the {manifest.rows:,} rows of the dump.")
            with connect(database) as conn:
                stale = find_stale(conn)
                regranted = [login for login in stale.logins(there=True) if yes or login in created]
                events = repair(conn, stale, regranted)
                if not as_json:
                    print_repair(stale, events, regranted)
                conn.execute(query("backup", "without_limits").encode())
                note("collecting the statistics of the planner")
                conn.execute("analyze")
                drift = catalogs.drift(conn) if catalogs.is_comparable(conn) else []
                equals_dump = digest_of_catalog(conn) == manifest.catalog
    is_verified = equals_dump or not drift
    if as_json:
        print_json(
            {"tables": len(manifest.tables), "rows": manifest.rows, "roles_created": created, "events": events,
             "regranted": regranted, "differences": drift, "verified": is_verified}
        )  # fmt: skip
    else:
        for line in drift:
            click.echo(line)
        if not drift:
            click.echo("The database equals the catalog of the last deploy.")
        elif equals_dump:
            click.echo("The database equals that of the dump, which differed from its last deploy too.")
    if not is_verified:
        click.get_current_context().exit(1)

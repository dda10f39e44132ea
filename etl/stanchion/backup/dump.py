"""Write a dump of the database, with its roles and a manifest, into a new folder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from psycopg.rows import dict_row

from stanchion.access.builder import refuse_planted
from stanchion.backup.manifest import DATA, FORMAT, Manifest, count_rows, digest_of_catalog, digests_of
from stanchion.backup.run import run_reporting
from stanchion.cluster.nodes import state_of
from stanchion.deploy.runner import deploy_lock
from stanchion.errors import StanchionError
from stanchion.paths import query
from stanchion.progress import Report
from stanchion.server.connection import connect, require_deployed, require_superuser, value
from stanchion.server.locate import Server


def dump(server: Server, out: Path, *, jobs: int, passwords: bool, wait: float, report: Report) -> Manifest:
    """Write the dump. All of it, the number of rows too, comes from one snapshot of the database."""
    with connect(server) as conn:
        conn.execute(query("backup", "without_limits").encode())
        require_deployed(conn)
        require_superuser(conn, "row-level security would hide rows from pg_dump")
        if state_of(conn):
            raise StanchionError("A cluster cannot be dumped from one node; run first: stanchion cluster undo")
        refuse_planted(conn)
        with _new_folder(out) as folder, deploy_lock(conn, wait, report), conn.transaction():
            conn.execute("set transaction isolation level repeatable read")
            snapshot = value(conn, "select pg_export_snapshot()")
            tables = count_rows(conn)
            report(f"dumping {len(tables):,} tables with {sum(tables.values()):,} rows")
            run_reporting(
                server,
                "pg_dump",
                ["--format=directory", f"--jobs={jobs}", f"--snapshot={snapshot}", f"--file={folder / DATA}"],
                len(tables),
                report,
            )
            rows = conn.cursor(row_factory=dict_row)
            manifest = Manifest(
                format=FORMAT,
                made_at=datetime.now(UTC).isoformat(timespec="seconds"),
                stanchion=version("stanchion"),
                postgres=str(value(conn, "show server_version")),
                database=rows.execute(query("backup", "database").encode()).fetchall()[0],
                catalog=digest_of_catalog(conn),
                superusers=[name for (name,) in conn.execute(query("backup", "superusers").encode()).fetchall()],
                roles=[
                    role if passwords else role | {"password": None}
                    for role in rows.execute(query("backup", "roles").encode()).fetchall()
                ],
                tables=tables,
                files=digests_of(folder),
            )
            manifest.write(folder)
    return manifest


@contextmanager
def _new_folder(out: Path) -> Iterator[Path]:
    """Yield a folder that gets the name `out` at the end. An existing file or folder is never replaced."""
    if out.exists():
        raise StanchionError(f"{out} exists already; choose the name of a new folder.")
    folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        yield folder
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise StanchionError(f"{out} was made by another program during the dump; nothing was written.")
        folder.rename(out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)

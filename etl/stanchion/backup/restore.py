"""Restore a dump into an empty or a new database, and create the roles that it needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from psycopg import errors, sql
from psycopg.conninfo import make_conninfo

from stanchion.backup.manifest import DATA, Manifest, count_rows
from stanchion.backup.run import run_reporting
from stanchion.errors import StanchionError
from stanchion.paths import query
from stanchion.progress import Report
from stanchion.server.connection import Connection, connect, require_superuser, value
from stanchion.server.locate import Server

_PREFIX = "restoring "  # of the name of a new database until it is complete
_LONGEST = 63 - len(_PREFIX)  # Postgres cuts off longer names


@contextmanager
def target(server: Server, manifest: Manifest, into: str | None) -> Iterator[Server]:
    """Yield the database to restore into.

    A new database gets its name at the end, and is dropped after an error. After a kill, the next restore drops it.
    """
    with connect(server) as conn:
        require_superuser(conn, "a dump contains roles and rows of every tenant")
        missing = set(manifest.superusers) - _known_roles(conn, manifest.superusers)
        if missing:
            raise StanchionError(
                f"The dump has objects of the superuser {min(missing)}, which does not exist on this server: "
                f"create it first."
            )
        if into is None:
            if value(conn, query("backup", "has_objects")):
                raise StanchionError(
                    f"The database {conn.info.dbname} is not empty; restore into a new one with --into NAME."
                )
            yield server
            return
        final, working = _names(conn, into)
        try:
            conn.execute(sql.SQL("drop database if exists {}").format(working))
        except errors.ObjectInUse:
            raise StanchionError(f"Another restore into {into} is running.") from None
        encoding = sql.Literal(manifest.database["encoding"])
        conn.execute(sql.SQL("create database {} template template0 encoding {}").format(working, encoding))
        try:
            yield replace(server, dsn=make_conninfo(server.dsn, dbname=_PREFIX + into))
            conn.execute(sql.SQL("alter database {} rename to {}").format(working, final))
        except BaseException:
            conn.execute(sql.SQL("drop database if exists {} with (force)").format(working))
            raise


def _names(conn: Connection, into: str) -> tuple[sql.Identifier, sql.Identifier]:
    if not 0 < len(into.encode()) <= _LONGEST:
        raise StanchionError(f"'{into}' cannot be the name of the database: expected 1 to {_LONGEST} bytes.")
    if value(conn, "select exists (select from pg_database where datname = %s)", [into]):
        raise StanchionError(f"The database {into} exists already; choose another name for --into.")
    return sql.Identifier(into), sql.Identifier(_PREFIX + into)


def _known_roles(conn: Connection, names: list[str]) -> set[str]:
    return {name for (name,) in conn.execute(query("backup", "known_roles").encode(), {"names": names}).fetchall()}


def create_roles(server: Server, manifest: Manifest) -> list[str]:
    """Create the missing roles, all or none, and return their names.

    A role of the same name keeps its password, its settings and its groups: it can belong to another person.
    """
    with connect(server) as conn, conn.transaction():
        known = _known_roles(conn, [role["name"] for role in manifest.roles])
        created = [role for role in manifest.roles if role["name"] not in known]
        for role in created:
            name = sql.Identifier(role["name"])
            conn.execute(_raw(role["create_role"]))
            if role["password"]:
                conn.execute(sql.SQL("alter role {} password {}").format(name, sql.Literal(role["password"])))
            if role["comment"]:
                conn.execute(sql.SQL("comment on role {} is {}").format(name, sql.Literal(role["comment"])))
        for role in created:
            name = sql.Identifier(role["name"])
            for each in role["member_of"]:
                options = f" with {', '.join(each['options'])}" if each["options"] else ""
                conn.execute(sql.SQL("grant {} to {}").format(sql.Identifier(each["role"]), name) + _raw(options))
            for each in role["settings"]:
                where = _in_database(conn) if each["in_database"] else sql.SQL("")
                conn.execute(sql.SQL("alter role {}{} set ").format(name, where) + _raw(each["set"]))
    return [role["name"] for role in created]


def restore_objects(server: Server, manifest: Manifest, folder: Path, jobs: int, report: Report) -> None:
    """Run pg_restore, and give the database its grants and settings."""
    report(f"restoring {len(manifest.tables):,} tables with {manifest.rows:,} rows")
    with connect(server) as conn:
        name = conn.info.dbname
        # functions of the dump can read tables as their owner, to whom row-level security applies
        options: list[str | Path] = [
            "--exit-on-error",
            "--enable-row-security",
            f"--jobs={jobs}",
            f"--dbname={name}",
            folder / DATA,
        ]
        try:
            run_reporting(server, "pg_restore", options, len(manifest.tables), report)
        except StanchionError as e:
            rest = "" if name.startswith(_PREFIX) else f" The database {name} contains a part of the dump: drop it."
            raise StanchionError(f"{e}{rest}") from None
        database = sql.Identifier(name)
        conn.execute(sql.SQL("revoke all on database {} from public").format(database))
        for grant in manifest.database["grants"]:
            to = sql.Identifier(grant["grantee"]) if grant["grantee"] else sql.SQL("public")
            option = sql.SQL(" with grant option" if grant["grantable"] else "")
            conn.execute(
                _raw(f"grant {grant['privilege']}") + sql.SQL(" on database {} to {}").format(database, to) + option
            )
        for setting in manifest.database["settings"]:
            conn.execute(sql.SQL("alter database {} set ").format(database) + _raw(setting))


def differing_counts(server: Server, manifest: Manifest) -> list[str]:
    """Return a line for each table that has another number of rows than the dump."""
    with connect(server) as conn:
        conn.execute(query("backup", "without_limits").encode())
        counts = count_rows(conn)
    return [
        f"{name}: expected {rows:,} rows, found {counts.get(name, 0):,}"
        for name, rows in manifest.tables.items()
        if counts.get(name) != rows
    ]


def _in_database(conn: Connection) -> sql.Composed:
    return sql.SQL(" in database {}").format(sql.Identifier(conn.info.dbname))


def _raw(statement: str) -> sql.SQL:
    """Return a statement of the manifest. The files of pg_dump beside it are SQL that runs as superuser, too."""
    return sql.SQL(statement)

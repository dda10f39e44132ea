"""Install pgTAP into a test database: as an extension if the server has it, otherwise as plain SQL.

pgTAP is in schema `tap`, apart from the tested objects. Every role may use it, because tests continue to assert after
`set role`. Use it in test databases only: plain SQL is part of every dump.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import psycopg

from stanchion.dev.pgtap.runner import connect
from stanchion.errors import StanchionError

_VERSION = re.compile(r"pgtap--(\d+(?:\.\d+)*)\.sql")  # not pgtap--1.1.0--1.2.0.sql, which only upgrades
_SYSTEM = Path("/usr/share/postgresql")
_INSTALLED = "select to_regprocedure('finish(boolean)') is not null or to_regprocedure('finish()') is not null"
_OFFERED = "select exists (select from pg_available_extensions where name = 'pgtap')"
_SCHEMA = "create schema if not exists tap; grant usage on schema tap to public"


def install(dsn: str) -> str:
    """Make pgTAP available to run() and return its source. A second call changes nothing."""
    with connect(dsn) as connection:
        if _answer(connection, _INSTALLED):
            return "already installed"
        try:
            with connection.transaction():
                connection.execute(_SCHEMA)
                return _as_extension(connection) if _answer(connection, _OFFERED) else _as_sql(connection)
        except psycopg.Error as error:
            why = str(error).splitlines()[0]
            raise StanchionError(f"pgTAP could not be installed in {connection.info.dbname}: {why}") from None


def _answer(connection: psycopg.Connection, question: LiteralString) -> bool:
    row = connection.execute(question).fetchone()
    return bool(row and row[0])


def _as_extension(connection: psycopg.Connection) -> str:
    connection.execute("create extension pgtap schema tap")
    return "create extension pgtap"


def _as_sql(connection: psycopg.Connection) -> str:
    path = source()
    connection.execute("set local search_path = tap, public")
    connection.execute("set local client_min_messages = warning")
    connection.execute(path.read_bytes())
    return str(path)


def source() -> Path:
    """Return the newest pgTAP as plain SQL on this machine; the variable STANCHION_PGTAP_SQL overrides it."""
    if named := os.environ.get("STANCHION_PGTAP_SQL"):
        if not Path(named).is_file():
            raise StanchionError(
                f"STANCHION_PGTAP_SQL is {named}, which is not a file; set it to the path of a pgtap--1.x.y.sql."
            )
        return Path(named)
    for folder in (_SYSTEM, *(unpacked / "usr/share/postgresql" for unpacked in _unpacked())):
        if found := sorted(_versions(folder)):
            return found[-1][1]
    raise StanchionError(
        "pgTAP is not on this machine: run .ci/debian-pgtap (on Debian), install your system's"
        " pgTAP package, or set STANCHION_PGTAP_SQL to the path of a pgtap--1.x.y.sql."
    )


def _unpacked() -> tuple[Path, Path]:
    """Return the folders into which .ci/debian-postgres and .ci/debian-pgtap unpack packages of Debian."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stanchion"
    cache = Path(os.environ.get("STANCHION_CACHE") or default)
    return cache / "debian-postgres-15", cache / "pgtap"


def _versions(folder: Path) -> Iterator[tuple[tuple[int, ...], Path]]:
    for path in folder.glob("*/extension/pgtap--*.sql"):
        if match := _VERSION.fullmatch(path.name):
            yield tuple(map(int, match[1].split("."))), path

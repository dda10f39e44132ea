"""The server of a command: the configured one, or the embedded one when none is configured."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Conninfo

from stanchion.errors import StanchionError
from stanchion.server.embedded import Embedded

LIBPQ_VARIABLES = ("PGSERVICE", "PGSERVICEFILE", "PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER")
CONNECT_TIMEOUT = 10  # seconds, unless the configuration has its own


class NamedDsn(str):
    """A connection string with the name that messages give it instead of --dsn."""

    source: str

    def __new__(cls, dsn: str, source: str) -> NamedDsn:
        found = super().__new__(cls, dsn)
        found.source = source
        return found


@dataclass(frozen=True)
class Server:
    """A server that accepted a connection."""

    dsn: str = field(repr=False)  # contains the password
    source: str  # --dsn, DATABASE_URL, the names of libpq's variables, or embedded
    embedded: bool
    description: str
    read_only: bool = False  # connections to it cannot write

    def environment(self) -> dict[str, str]:
        """Return libpq's variables for a child process such as dbt or psql. A command line would show the password."""
        given = conninfo_to_dict(self.dsn)
        variables = {option.keyword.decode(): option.envvar for option in Conninfo.get_defaults()}
        return {
            variable.decode(): str(value)
            for keyword, value in given.items()
            if value is not None and (variable := variables.get(keyword))
        }


def describe(dsn: str) -> str:
    """Return user, host, port and database of a connection string, without its other parts."""
    try:
        given = conninfo_to_dict(dsn)
    except psycopg.Error:
        return "not a connection URL"
    if service := given.get("service"):
        return f"service {service}"
    login = f"{given['user']}@" if "user" in given else ""
    port = f":{given['port']}" if "port" in given else ""
    return f"{login}{given.get('host', 'localhost')}{port}/{given.get('dbname', '')}"


def configured_by(dsn: str | None) -> str | None:
    """Return the name of the option or variables that configure a server, or None when none does."""
    if dsn is not None:
        return dsn.source if isinstance(dsn, NamedDsn) else "--dsn"
    if os.environ.get("DATABASE_URL"):
        return "DATABASE_URL"
    return " and ".join(name for name in LIBPQ_VARIABLES if os.environ.get(name)) or None


@contextlib.contextmanager
def find_server(dsn: str | None) -> Iterator[Server]:
    """Yield the server of --dsn or a profile, of DATABASE_URL, or of libpq's variables, else the embedded one.

    A configured server that does not answer is an error: the embedded server never replaces it. The embedded server is
    started when it is down, and runs at least as long as the context.
    """
    source = configured_by(dsn)
    if source is not None:
        conninfo = dsn if dsn is not None else os.environ.get("DATABASE_URL", "")
        yield reach(conninfo, source, remedy=f"correct {source}, or unset it to use the embedded server")
        return
    with Embedded() as embedded:
        place = f"127.0.0.1:{embedded.environment()['PGPORT']} (data in {embedded.data})"
        description = f"embedded Postgres {embedded.major} at {place}"
        yield Server(embedded.dsn(), "embedded", embedded=True, description=description)


def reach(conninfo: str, source: str, *, remedy: str) -> Server:
    """Return a configured server after connecting to it, or raise StanchionError that ends with `remedy`."""
    given = _parse(conninfo, source)
    own = given.get("connect_timeout") or os.environ.get("PGCONNECT_TIMEOUT")
    try:
        with psycopg.connect(make_conninfo(conninfo, connect_timeout=own or CONNECT_TIMEOUT)) as connection:
            info = connection.info
            where = f"{info.user}@{info.host}:{info.port}/{info.dbname}"
            if not conninfo:  # use the values from libpq's variables, service file and password file
                conninfo = make_conninfo("", **{**info.get_parameters(), "password": info.password or None})
    except psycopg.Error as exc:
        raise StanchionError(
            f"The server configured by {source} cannot be used: {_reason(exc, given)}; {remedy}."
        ) from None
    return Server(conninfo, source, embedded=False, description=f"configured by {source}: {where}")


def _parse(conninfo: str, source: str) -> Mapping[str, str | int | None]:
    """Return the parts of a connection string. Refuse one that libpq would read with its password in another part."""
    malformed = StanchionError(
        f"{source} is not a connection URL: write postgresql://user:password@host:port/database, with special "
        "characters of the password percent-encoded."
    )
    if source == "--dsn" and not conninfo.strip():
        raise malformed
    try:
        given = conninfo_to_dict(conninfo)
    except psycopg.Error:
        raise malformed from None
    misplaced = "@" in f"{given.get('host', '')}{given.get('dbname', '')}"
    if ("://" in conninfo and misplaced) or not re.fullmatch(r"[\d,]*", str(given.get("port", ""))):
        raise malformed
    return given


def _reason(exc: psycopg.Error, given: Mapping[str, str | int | None]) -> str:
    reason = "; ".join(line.strip() for line in str(exc).splitlines() if line.strip()).rstrip(".")
    password = str(given.get("password") or os.environ.get("PGPASSWORD") or "")
    return reason.replace(password, "***") if password else reason

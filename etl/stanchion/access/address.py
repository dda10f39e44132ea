"""The address of the database in the forms that clients read: a URL, a line of ~/.pgpass, libpq's variables."""

import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

from stanchion.errors import StanchionError
from stanchion.replacing import replacing
from stanchion.server.connection import Connection

_TLS = ("sslmode", "sslrootcert", "channel_binding")


@dataclass(frozen=True)
class Address:
    """The address of a database for one login."""

    login: str
    host: str  # a name, an address, or the folder of a Unix socket
    port: int
    database: str
    tls: tuple[tuple[str, str], ...] = ()  # options that the operator's connection has too

    def url(self, password: str | None = None) -> str:
        """Return a connection URL, with the password when it is given."""
        user = quote(self.login, safe="") + (f":{quote(password, safe='')}" if password else "")
        is_folder = self.host.startswith("/")
        place = "" if is_folder else f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"
        socket = {"host": self.host, "port": str(self.port)} if is_folder else {}
        options = urlencode(socket | dict(self.tls))
        return f"postgresql://{user}@{place}/{quote(self.database, safe='')}{'?' if options else ''}{options}"

    def psql(self) -> str:
        """Return the command that opens psql. A list of processes would show the password, so the command omits it."""
        return f"psql {shlex.quote(self.url())}"

    def variables(self, password: str) -> dict[str, str]:
        """Return libpq's variables."""
        return {
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGDATABASE": self.database,
            "PGUSER": self.login,
            "PGPASSWORD": password,
        } | {f"PG{name.upper().replace('_', '')}": text for name, text in self.tls}

    def pgpass(self, password: str) -> str:
        """Return the line of a password file."""
        return ":".join(
            re.sub(r"([\\:])", r"\\\1", part)
            for part in (self.host, str(self.port), self.database, self.login, password)
        )


def address_for(conn: Connection, login: str) -> Address:
    """Return the address of the server and database of a connection, for another login."""
    given = conn.info.get_parameters()
    tls = tuple((name, given[name]) for name in _TLS if given.get(name) not in (None, "", "prefer", "disable"))
    return Address(login, conn.info.host, conn.info.port, conn.info.dbname, tls)


def require_writable(*files: Path | None) -> None:
    """Raise StanchionError when one of the files cannot be written, before a password exists that it should contain."""
    for file in files:
        if file is None:
            continue
        if file.exists() and not file.is_file():
            raise StanchionError(f"{file} is not a file; name a file to write.")
        if not os.access(file if file.exists() else file.absolute().parent, os.W_OK):
            raise StanchionError(f"{file} cannot be written; name a file in a folder that exists and can be written.")


def add_to_pgpass(file: Path, address: Address, password: str) -> None:
    """Put the password first in a password file, and remove the older line of the same login."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    place = address.pgpass("")  # ends with a colon
    kept = [line for line in lines if not line.startswith(place)]
    write_private(file, "\n".join([address.pgpass(password), *kept]) + "\n")


def write_variables(file: Path, address: Address, password: str) -> None:
    """Write libpq's variables as lines of an environment file."""
    lines = [f"{name}={shlex.quote(text)}" for name, text in address.variables(password).items()]
    write_private(file, "\n".join(lines) + "\n")


def write_private(file: Path, text: str) -> None:
    """Replace a file by one that only its owner can read. libpq ignores a password file that others can read."""
    with (
        replacing(file) as beside,
        os.fdopen(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as out,
    ):
        out.write(text)

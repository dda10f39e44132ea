"""The embedded server: a private Postgres in a home directory, shared by every process that asks for it.

Who counts is decided by locks, because the kernel releases them whatever happens to a process: start.lock is
held while somebody starts, stops or counts; clients.lock is shared by all clients, so the last one out can have
it alone.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, Self, TextIO
from urllib.parse import quote

import psycopg
from psycopg import sql

from stanchion.errors import StanchionError
from stanchion.server.cluster import FAST, SETTINGS, SUPERUSER, Cluster, open_lock, patiently, try_lock

DATABASE = "stanchion"


def default_home() -> Path:
    """STANCHION_HOME, or where data of this user belongs."""
    if chosen := os.environ.get("STANCHION_HOME"):
        return Path(chosen)
    if os.geteuid() == 0:
        return Path("/var/lib/stanchion")  # the server's user can enter it, unlike /root
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local/share") / "stanchion"


class Embedded:
    """One server per home: the first client starts it, the last one to leave stops it."""

    def __init__(
        self,
        home: Path | None = None,
        *,
        bindir: Path | None = None,
        fast: bool = False,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """fast gives up durability, which is for tests alone."""
        self.home = (home or default_home()).expanduser().absolute()
        chosen = SETTINGS | (FAST if fast else {}) | dict(settings or {})
        self._cluster = Cluster(self.home, bindir.absolute() if bindir else None, chosen)
        self._keep_running = self.home / "keep-running"
        self._client: TextIO | None = None
        self._client_pid = 0

    # -- being a client ---------------------------------------------------------------------

    def start(self) -> Self:
        """Be a client of the server, which is started, and before that created, where needed."""
        if self._client:
            return self
        with self._one_sentence("start"):
            self._make_home()
            with self._alone(make_home=True):
                self._enter()
        atexit.register(self.close)
        return self

    def close(self) -> None:
        """Stop being a client; the last one stops the server unless it is to keep running."""
        if self._client is None or self._client_pid != os.getpid():  # a forked child shares our lock
            return
        atexit.unregister(self.close)
        with self._one_sentence("stop"), self._client:
            with contextlib.suppress(FileNotFoundError), self._alone():  # not found: purged meanwhile
                self._leave(self._client)
            self._client = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def up(self) -> None:
        """Start the server and keep it running without clients, until down()."""
        self.start()
        with self._one_sentence("start"):
            self._keep_running.touch()

    def down(self) -> bool:
        """Stop the server, clients or not, and no longer keep it running; False when it was not running."""
        if not self.home.is_dir():
            return False
        with self._one_sentence("stop"), self._alone():
            self._keep_running.unlink(missing_ok=True)
            return self._cluster.stop()

    def purge(self) -> bool:
        """Stop the server and delete its data and all else made here; False when there was none."""
        if not self.home.is_dir():
            return False
        with self._one_sentence("purge"), self._alone():
            self._keep_running.unlink(missing_ok=True)
            self._cluster.stop()
            found = self.data.exists()
            for made in ("data", "binaries-*", ".init-*", ".stage-*"):
                for folder in self.home.glob(made):
                    shutil.rmtree(folder)
            for name in ("password", "stanchion.conf", "clients.lock", "server.lock", "start.lock"):
                (self.home / name).unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # what others put there stays
                self.home.rmdir()
        return found

    # -- what clients need to know ----------------------------------------------------------

    @property
    def data(self) -> Path:
        return self._cluster.data

    @property
    def major(self) -> str | None:
        """The major version of the data; None before the first start."""
        return self._cluster.major

    @property
    def binaries(self) -> Path:
        """Where postgres, initdb and psql are."""
        return self._cluster.binaries

    @property
    def state(self) -> Literal["down", "starting", "running"]:
        """starting: a server lives and does not accept connections, in recovery or on its way down."""
        server = self._cluster.postmaster()
        if server is None:
            return "down"
        return "running" if server.ready else "starting"

    def is_running(self) -> bool:
        return self.state == "running"

    def environment(self, database: str = DATABASE) -> dict[str, str]:
        """libpq's variables for a child process such as dbt or psql."""
        server = self._cluster.postmaster()
        if server is None or not server.ready:
            raise StanchionError(f"The embedded server in {self.home} is not running: run stanchion up.")
        return {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(server.port),
            "PGUSER": SUPERUSER,
            "PGPASSWORD": self._password(),
            "PGDATABASE": database,
            "PGSSLMODE": "disable",  # the binaries know no TLS; a PGSSLMODE=require of the caller would fail
        }

    def dsn(self, database: str = DATABASE) -> str:
        """A connection URL with the password in it."""
        env = self.environment(database)
        user, password, name = (quote(env[key], safe="") for key in ("PGUSER", "PGPASSWORD", "PGDATABASE"))
        return f"postgresql://{user}:{password}@{env['PGHOST']}:{env['PGPORT']}/{name}?sslmode=disable"

    def ensure_database(self, name: str) -> None:
        """Create the database unless it exists; any number of processes may ask at once."""
        try:
            with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
                connection.execute("select pg_advisory_lock(hashtext('stanchion.ensure_database'))")
                if not connection.execute("select from pg_database where datname = %s", [name]).rowcount:
                    connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        except psycopg.Error as exc:
            reason = " ".join(str(exc).split()).rstrip(".")
            raise StanchionError(
                f"The embedded server runs but cannot provide database {name}: {reason}; see {self._cluster.log}."
            ) from exc

    def _password(self) -> str:
        path = self._cluster.password
        try:
            return path.read_text(encoding="ascii").strip()
        except OSError as exc:
            raise StanchionError(
                f"Cannot read the server's password in {path} ({exc.strerror}): "
                "be the user who made it, or put the file back from a backup."
            ) from exc

    # -- coming and going -------------------------------------------------------------------

    def _enter(self) -> None:
        client = open_lock(self.home / "clients.lock")
        try:
            fcntl.flock(client, fcntl.LOCK_SH)
            self._cluster.start()
            self.ensure_database(DATABASE)
        except BaseException:
            with client:
                self._leave(client)
            raise
        self._client, self._client_pid = client, os.getpid()

    def _leave(self, client: TextIO) -> None:
        if try_lock(client) and not self._keep_running.exists():
            self._cluster.stop()

    @contextlib.contextmanager
    def _alone(self, *, make_home: bool = False) -> Iterator[None]:
        """Hold start.lock, the one that is there now: purge() deletes it under those who wait."""
        path = self.home / "start.lock"
        for _ in patiently("Another process is starting or stopping the embedded server"):
            try:
                lock = open_lock(path)
            except FileNotFoundError:
                if not make_home:
                    raise
                self._make_home()
                continue
            with lock:
                if try_lock(lock) and path.exists() and path.stat().st_ino == os.fstat(lock.fileno()).st_ino:
                    yield
                    return

    def _make_home(self) -> None:
        """Missing folders are made for the server's user to enter; those that exist stay as they are."""
        account = self._cluster.account
        missing = [folder for folder in (self.home, *self.home.parents) if not folder.exists()]
        existing = missing[-1].parent if missing else self.home
        if not account.can_enter(existing):
            closed = next(step for step in (*reversed(existing.parents), existing) if not account.can_enter(step))
            raise StanchionError(
                f"{self.home} cannot be the home of the embedded server, which runs as {account.name}, who may "
                f"not enter {closed}: set STANCHION_HOME to a folder open to all, such as /var/lib/stanchion."
            )
        for folder in reversed(missing):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o755 if account.user else 0o700)  # whatever the umask says

    @contextlib.contextmanager
    def _one_sentence(self, verb: str) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            where = f" ({exc.filename})" if exc.filename else ""
            remedy = "make room on its disk" if exc.errno == errno.ENOSPC else "mend that or set STANCHION_HOME"
            reason = f"{exc.strerror or exc}{where}"
            raise StanchionError(f"Cannot {verb} the embedded server in {self.home}: {reason}; {remedy}.") from exc

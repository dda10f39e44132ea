"""The embedded server: a private Postgres in a home directory, shared by all processes of its user.

File locks count the clients, because the kernel releases them even when a process is killed. A process has start.lock
while it starts or stops the server or looks for other clients. All clients share clients.lock, so the last one to leave
can lock it exclusively.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import fcntl
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, Self, TextIO
from urllib.parse import quote

import psycopg
from psycopg import sql

from stanchion.errors import StanchionError
from stanchion.paths import query
from stanchion.server.cluster import FAST, SETTINGS, SUPERUSER, Cluster, open_lock, poll, try_lock

DATABASE = "stanchion"


def default_home() -> Path:
    """Return STANCHION_HOME, or the default data folder of this user."""
    if chosen := os.environ.get("STANCHION_HOME"):
        return Path(chosen)
    if os.geteuid() == 0:
        return Path("/var/lib/stanchion")  # unlike /root, the server's user can enter it
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local/share") / "stanchion"


class Embedded:
    """The server of a home: its first client starts it, and its last client stops it."""

    def __init__(
        self,
        home: Path | None = None,
        *,
        bindir: Path | None = None,
        fast: bool = False,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """Use `fast` only in tests: it switches durability off."""
        self.home = (home or default_home()).expanduser().absolute()
        chosen = SETTINGS | (FAST if fast else {}) | dict(settings or {})
        self._cluster = Cluster(self.home, bindir.absolute() if bindir else None, chosen)
        self._keep_running = self.home / "keep-running"
        self._client: TextIO | None = None
        self._client_pid = 0

    # -- clients ----------------------------------------------------------------------------

    def start(self) -> Self:
        """Become a client. Create the server's data and start the server when needed."""
        if self._client:
            return self
        with self._as_stanchion_error("start"):
            self._make_home()
            with self._start_lock(make_home=True):
                self._enter()
        atexit.register(self.close)
        return self

    def close(self) -> None:
        """Stop being a client. The last client stops the server, unless up() keeps it running."""
        if self._client is None or self._client_pid != os.getpid():  # a forked child shares the lock of its parent
            return
        atexit.unregister(self.close)
        with self._as_stanchion_error("stop"), self._client:
            with (
                contextlib.suppress(FileNotFoundError),
                self._start_lock(),
            ):  # FileNotFoundError: purged by another process
                self._leave(self._client)
            self._client = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def up(self) -> None:
        """Start the server, and keep it running without clients until down()."""
        self.start()
        with self._as_stanchion_error("start"):
            self._keep_running.touch()

    def down(self) -> bool:
        """Stop the server even when it has clients, and undo up(). Return False when it was not running."""
        if not self.home.is_dir():
            return False
        with self._as_stanchion_error("stop"), self._start_lock():
            self._keep_running.unlink(missing_ok=True)
            return self._cluster.stop()

    def purge(self) -> bool:
        """Stop the server and delete everything that it made in its home. Return False when the data did not exist."""
        if not self.home.is_dir():
            return False
        with self._as_stanchion_error("purge"), self._start_lock():
            self._keep_running.unlink(missing_ok=True)
            self._cluster.stop()
            found = self.data.exists()
            for made in ("data", "binaries-*", ".init-*", ".stage-*"):
                for folder in self.home.glob(made):
                    shutil.rmtree(folder)
            for name in ("password", "stanchion.conf", "clients.lock", "server.lock", "start.lock"):
                (self.home / name).unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # fails when the folder contains files of others, which stay
                self.home.rmdir()
        return found

    # -- properties for clients -------------------------------------------------------------

    @property
    def data(self) -> Path:
        return self._cluster.data

    @property
    def major(self) -> str | None:
        """Return the major version of the data, or None before the first start."""
        return self._cluster.major

    @property
    def binaries(self) -> Path:
        """Return the folder of postgres, initdb and psql."""
        return self._cluster.binaries

    @property
    def state(self) -> Literal["down", "starting", "running"]:
        """Return the state. In `starting` the server does not accept connections: it recovers or shuts down."""
        server = self._cluster.postmaster()
        if server is None:
            return "down"
        return "running" if server.ready else "starting"

    def is_running(self) -> bool:
        return self.state == "running"

    def environment(self, database: str = DATABASE) -> dict[str, str]:
        """Return libpq's variables for a child process such as dbt or psql."""
        server = self._cluster.postmaster()
        if server is None or not server.ready:
            raise StanchionError(f"The embedded server in {self.home} is not running: run stanchion up.")
        return {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(server.port),
            "PGUSER": SUPERUSER,
            "PGPASSWORD": self._password(),
            "PGDATABASE": database,
            "PGSSLMODE": "disable",  # the binaries lack TLS; PGSSLMODE=require in the caller's environment would fail
        }

    def dsn(self, database: str = DATABASE) -> str:
        """Return a connection URL that contains the password."""
        env = self.environment(database)
        user, password, name = (quote(env[key], safe="") for key in ("PGUSER", "PGPASSWORD", "PGDATABASE"))
        return f"postgresql://{user}:{password}@{env['PGHOST']}:{env['PGPORT']}/{name}?sslmode=disable"

    def ensure_database(self, name: str) -> None:
        """Create the database unless it exists, with its extensions. Concurrent calls are safe."""
        try:
            with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
                connection.execute("select pg_advisory_lock(hashtext('stanchion.ensure_database'))")
                if not connection.execute("select from pg_database where datname = %s", [name]).rowcount:
                    connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
                with psycopg.connect(self.dsn(name)) as inside:
                    inside.execute(query("server", "create_extensions").encode())
        except psycopg.Error as exc:
            reason = " ".join(str(exc).split()).rstrip(".")
            raise StanchionError(
                f"The embedded server runs, but database {name} cannot be created: {reason}; see {self._cluster.log}."
            ) from exc

    def _password(self) -> str:
        path = self._cluster.password
        try:
            return path.read_text(encoding="ascii").strip()
        except OSError as exc:
            raise StanchionError(
                f"Cannot read the server's password in {path} ({exc.strerror}): "
                "switch to the user that made it, or restore the file from a backup."
            ) from exc

    # -- locks ------------------------------------------------------------------------------

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
    def _start_lock(self, *, make_home: bool = False) -> Iterator[None]:
        """Lock start.lock. Compare inodes, since purge() in another process may delete the file during the wait."""
        path = self.home / "start.lock"
        self._refuse_home_of_others()
        for _ in poll("Another process is starting or stopping the embedded server"):
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

    def _refuse_home_of_others(self) -> None:
        """Refuse a home that another user may write, who could plant links for this user to write through."""
        if not self.home.exists():
            return
        found = self.home.stat()
        if found.st_uid not in (os.geteuid(), 0):
            problem = f"belongs to the user with the id {found.st_uid}"
        elif found.st_mode & stat.S_IWOTH:
            problem = f"may be written by all users (mode {stat.S_IMODE(found.st_mode):o})"
        else:
            return
        raise StanchionError(
            f"{self.home} cannot be the home of the embedded server, because it {problem}: run stanchion as its owner, "
            "or set STANCHION_HOME to a folder that only you may write."
        )

    def _make_home(self) -> None:
        """Create the missing folders so that the server's user can enter them. Existing folders keep their modes."""
        account = self._cluster.account
        missing = [folder for folder in (self.home, *self.home.parents) if not folder.exists()]
        existing = missing[-1].parent if missing else self.home
        if not account.can_enter(existing):
            closed = next(step for step in (*reversed(existing.parents), existing) if not account.can_enter(step))
            raise StanchionError(
                f"{self.home} cannot be the home of the embedded server, because its user {account.name} may "
                f"not enter {closed}: set STANCHION_HOME to a folder open to all users, such as /var/lib/stanchion."
            )
        for folder in reversed(missing):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o755 if account.user else 0o700)  # the umask does not apply

    @contextlib.contextmanager
    def _as_stanchion_error(self, verb: str) -> Iterator[None]:
        """Turn an OSError of the body into a StanchionError with the path, the reason and the remedy."""
        try:
            yield
        except OSError as exc:
            where = f" ({exc.filename})" if exc.filename else ""
            remedy = (
                "make room on its disk"
                if exc.errno == errno.ENOSPC
                else "correct that, or set STANCHION_HOME to another folder"
            )
            reason = f"{exc.strerror or exc}{where}"
            raise StanchionError(f"Cannot {verb} the embedded server in {self.home}: {reason}; {remedy}.") from exc

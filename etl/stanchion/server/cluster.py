"""One data directory and its server processes: create, start, recognise, stop.

Every process of a server inherits server.lock, and the kernel releases the lock when the last of them has ended. So a
process that gets the lock knows that the data is unused, even after crashes and reuse of pids.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import random
import re
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TextIO

import click

from stanchion.errors import StanchionError
from stanchion.progress import switch
from stanchion.server.binaries import LOCALE, Account, failure_reason, find_binaries, has_library, runnable

SUPERUSER = "postgres"
STATEMENTS = "pg_stat_statements"  # loaded where the binaries have it, so that ops.slow_queries has rows
PORTS = range(15432, 15532)  # below the ephemeral ports, where an old client socket can block a bind
LONGEST_SOCKET_DIR = 80  # sun_path has 104 bytes on macOS and 108 on Linux, including the name of the socket
LONGEST_LOG = 2**23
TICK = 0.05
ORPHANS_ASKED, ORPHANS_KILLED, ORPHANS_GIVEN_UP = 40, 200, 1200  # in ticks
STARTING = "The embedded server is starting; after a crash it recovers first"

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "wal_level": "logical",
    "max_wal_size": "2GB",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Postmaster:
    """A running server, as read from its postmaster.pid. The port is 0 until the server is ready."""

    pid: int
    port: int
    ready: bool


class Cluster:
    """The data in a home, with its password and log. The caller ensures that only one process starts or stops it."""

    def __init__(self, home: Path, bindir: Path | None, settings: Mapping[str, str]) -> None:
        self.home = home
        self.data = home / "data"
        self.password = home / "password"
        self.log = self.data / "server.log"
        self._chosen_bindir = bindir
        self._settings = settings

    @cached_property
    def account(self) -> Account:
        return Account.for_data(self.data)

    @property
    def major(self) -> str | None:
        """Return the major version of the data, or None before the data exists."""
        with contextlib.suppress(OSError):
            return (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
        return None

    @property
    def binaries(self) -> Path:
        bindir = self._chosen_bindir or find_binaries(self.major)
        if not (bindir / "postgres").exists():
            raise StanchionError(
                f"{bindir} does not contain postgres: "
                "set STANCHION_PG_BINDIR to a directory with postgres, initdb and psql."
            )
        return bindir

    def postmaster(self) -> Postmaster | None:
        try:
            lines = (self.data / "postmaster.pid").read_text(errors="replace").splitlines()
            pid = int(lines[0])
        except (OSError, ValueError, IndexError):
            return None
        if pid <= 1 or not self._works_here(pid):
            return None
        ready = len(lines) > 7 and lines[7].strip() in ("ready", "standby")
        return Postmaster(pid, int(lines[3]) if ready else 0, ready)

    def start(self) -> None:
        """Ensure that a server is ready: start it unless it runs, and create its data first when that is missing."""
        lock = self._claim()
        if lock is None:
            return
        with lock:
            bindir, version = runnable(self.binaries, self.account, self.home)
            if self.major is None:
                self._initialise(bindir, lock)
            elif self.major != version:
                raise StanchionError(
                    f"{self.data} was made by Postgres {self.major}, and {bindir} has {version}: set "
                    f"STANCHION_PG_BINDIR to binaries of {self.major} and dump the data to keep with pg_dump, "
                    "then run stanchion down --purge and load it again."
                )
        self._launch(bindir)

    def stop(self) -> bool:
        """Stop the server with a fast shutdown (roll back, checkpoint, exit). Return False when no server ran."""
        server = self.postmaster()
        if server is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(server.pid, signal.SIGINT)
        for _ in poll("The embedded server is stopping; it first writes its memory to disk"):
            if self.postmaster() is None:
                break
        for _ in range(ORPHANS_KILLED):  # the last file is closed shortly after postmaster.pid is deleted
            if self._is_deserted():
                break
            time.sleep(TICK)
        if (folder := self._socket_dir()) != self.data:
            shutil.rmtree(folder, ignore_errors=True)
        return True

    # -- processes --------------------------------------------------------------------------

    def _works_here(self, pid: int) -> bool:
        """Return whether a process works in the data directory, as all server processes do; zombies do not."""
        try:
            if not Path("/proc/self").exists():
                os.kill(pid, 0)
                return True
            return Path(f"/proc/{pid}/cwd").samefile(self.data)
        except (
            PermissionError
        ):  # in a container without SYS_PTRACE, root may not read this link, but the server's user may
            test = self.account.run("/bin/sh", "-c", '[ "$0" -ef "$1" ]', f"/proc/{pid}/cwd", str(self.data))
            return test.returncode == 0
        except OSError:
            return False

    def _is_deserted(self) -> bool:
        with open_lock(self.home / "server.lock") as lock:
            return try_lock(lock)

    def _claim(self) -> TextIO | None:
        """Return server.lock, which protects the data, or None when a server is ready."""
        lock, orphaned = open_lock(self.home / "server.lock"), 0
        for _ in poll(STARTING):
            server = self.postmaster()
            if server and server.ready:
                lock.close()
                return None
            if server:
                continue
            if try_lock(lock):
                return lock
            orphaned += 1
            if orphaned in (ORPHANS_ASKED, ORPHANS_KILLED):
                self._signal_orphans(signal.SIGQUIT if orphaned == ORPHANS_ASKED else signal.SIGKILL)
            if orphaned == ORPHANS_GIVEN_UP:
                break
        lock.close()
        raise StanchionError(
            f"{self.data} is in use by processes that are not visible here, perhaps in another container: "
            "stop them first."
        )

    def _signal_orphans(self, number: signal.Signals) -> None:
        """Signal the backends of a killed postmaster: a busy one does not notice that its postmaster has ended."""
        for process in Path("/proc").glob("[0-9]*"):
            if self._works_here(int(process.name)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(process.name), number)

    # -- creating ---------------------------------------------------------------------------

    def _initialise(self, bindir: Path, lock: TextIO) -> None:
        """Create the data in a temporary folder, then rename it, so that it is complete. initdb inherits the lock."""
        for left_over in self.home.glob(".init-*"):
            shutil.rmtree(left_over, ignore_errors=True)
        stage = Path(tempfile.mkdtemp(prefix=".init-", dir=self.home))
        try:
            self._write_password()
            self.account.give(stage)
            options = ["-D", str(stage), "-U", SUPERUSER, "-E", "UTF8", f"--locale={LOCALE}"]
            options += ["-A", "scram-sha-256", f"--pwfile={self.password}"]
            options += ["--no-sync"] if self._settings.get("fsync") == "off" else []
            made = self.account.run(str(bindir / "initdb"), *options, bindir=bindir, pass_fds=(lock.fileno(),))
            if made.returncode == 0:  # run as the owner: where another user can plant a link, root must not write
                include = 'echo "include_if_exists = \'../stanchion.conf\'" >> "$0"'
                made = self.account.run("/bin/sh", "-c", include, str(stage / "postgresql.conf"))
            if made.returncode != 0:
                raise StanchionError(f"Cannot create a server in {self.home}: {self._reason(made.stderr)}.")
            stage.rename(self.data)
        finally:
            shutil.rmtree(stage, ignore_errors=True)

    def _write_password(self) -> None:
        self.password.unlink(missing_ok=True)
        with os.fdopen(os.open(self.password, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(24) + "\n")
        self.account.give(self.password)

    # -- starting ---------------------------------------------------------------------------

    def _launch(self, bindir: Path) -> None:
        for port in self._free_ports():
            with open_lock(self.home / "server.lock") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                self._clear_remains()
                self._configure(port, bindir)
                begins = self._open_log()
                self._spawn(bindir, lock)
            if self._becomes_ready():
                return
            log = self.log.read_bytes()[begins:].decode(errors="replace") if self.log.exists() else ""
            if "Address already in use" not in log:
                reason = self._reason(log)
                raise StanchionError(f"The embedded server does not start: {reason}; its log is {self.log}.")
        raise StanchionError(
            f"The embedded server found no free port from {PORTS.start} to {PORTS.stop - 1}: free one of them."
        )

    def _clear_remains(self) -> None:
        """Delete postmaster.pid and sockets of a dead server: Postgres trusts any living pid, even that of a zombie."""
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        for remains in self._socket_dir().glob(".s.PGSQL.*"):
            remains.unlink(missing_ok=True)

    def _configure(self, port: int, bindir: Path) -> None:
        folder = self._make_socket_dir()
        preloaded = {"shared_preload_libraries": STATEMENTS} if has_library(bindir, STATEMENTS) else {}
        settings = {"port": str(port), "unix_socket_directories": str(folder)} | preloaded | dict(self._settings)
        lines = [f"{name} = '{_quoted(value)}'\n" for name, value in settings.items()]
        path, stage = self.home / "stanchion.conf", self.home / "stanchion.conf.new"
        text = "# Written at every start; use alter system for your own settings.\n" + "".join(lines)
        stage.unlink(missing_ok=True)  # a new file that replaces the old one: a link in its place is not followed
        with os.fdopen(os.open(stage, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644), "w", encoding="utf-8") as file:
            file.write(text)
        stage.chmod(0o644)  # the umask does not apply
        stage.replace(path)

    def _open_log(self) -> int:
        """Return the offset in the log at which the next start will write. Rename a log that is too long."""
        size = self.log.stat().st_size if self.log.exists() else 0
        if size > LONGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.old"))
            return 0
        return size

    def _spawn(self, bindir: Path, lock: TextIO) -> None:
        """Start postgres through a shell that exits, so that PID 1 becomes the parent that reaps it."""
        start = '"$@" </dev/null >>"$0" 2>&1 &'
        argv = ["/bin/sh", "-c", start, str(self.log), str(bindir / "postgres"), "-D", str(self.data)]
        options = self.account.child(bindir)
        subprocess.run(argv, check=True, start_new_session=True, pass_fds=[lock.fileno()], **options)

    def _becomes_ready(self) -> bool:
        """Wait until the server is ready, or return False when it has ended. Recovery has no time limit."""
        for _ in poll(STARTING):
            server = self.postmaster()
            if server and server.ready:
                return True
            if self._is_deserted():
                break
        return False

    def _free_ports(self) -> list[int]:
        if "port" in self._settings:
            return [int(self._settings["port"])]
        ports = list(PORTS)
        random.Random(str(self.data)).shuffle(ports)  # noqa: S311 (the same data gets the same port)
        return [port for port in ports if _is_free(port)][:5]

    def _socket_dir(self) -> Path:
        if len(bytes(self.data)) <= LONGEST_SOCKET_DIR and re.fullmatch(r"[\w./+-]+", str(self.data)):
            return self.data
        digest = hashlib.sha256(bytes(self.data)).hexdigest()[:12]
        return Path("/tmp") / f"stanchion-{digest}"  # noqa: S108 (TMPDIR can be as long; the owner is checked)

    def _make_socket_dir(self) -> Path:
        folder = self._socket_dir()
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            self.account.give(folder)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != self.data.stat().st_uid:
            raise StanchionError(
                f"{folder}, the folder of the server's socket, belongs to user {found.st_uid} instead of "
                f"{self.data.stat().st_uid}: remove it."
            )
        return folder

    def _reason(self, log: str) -> str:
        full = "No space left on device" in log or "Check free disk space" in log
        if full or shutil.disk_usage(self.home).free < 2**16:
            return f"the disk of {self.home} is full ({failure_reason(log)}), make room on it"
        return failure_reason(log)


def open_lock(path: Path) -> TextIO:
    """Open a lock file, and create it when it is missing. A link is refused, since it could lead to any file."""
    return os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW, 0o600), "w")


def try_lock(file: TextIO) -> bool:
    """Lock the file exclusively; return False when another process has it locked."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def poll(message: str) -> Iterator[None]:
    """Yield every TICK seconds without end, and print the message with the seconds waited every five seconds."""
    begun = printed = time.monotonic()
    while True:
        yield
        time.sleep(TICK)
        now = time.monotonic()
        if now - printed >= 5:
            printed = now
            if not switch.is_quiet:
                click.echo(f"{message} ({now - begun:.0f} s) …", err=True)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")

"""Programs of Postgres that connect to the server, such as psql and pg_dump: where they are, and how they run."""

from __future__ import annotations

import difflib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from stanchion.errors import StanchionError
from stanchion.server.binaries import installed, library_path
from stanchion.server.connection import connect
from stanchion.server.embedded import Embedded
from stanchion.server.locate import Server

# Others, such as pg_ctl and initdb, work on files of a server; stanchion up and down do that for the embedded one.
CLIENTS = (
    "clusterdb", "createdb", "createuser", "dropdb", "dropuser", "pg_amcheck", "pg_basebackup", "pg_dump", "pg_dumpall",
    "pg_isready", "pg_receivewal", "pg_recvlogical", "pg_restore", "pgbench", "psql", "reindexdb", "vacuumdb",
)  # fmt: skip


@dataclass(frozen=True)
class Program:
    """A program of Postgres on this machine."""

    path: Path

    def environment(self, server: Server) -> dict[str, str]:
        """Return the environment of the process. The connection is in it: a command line would show the password."""
        return os.environ | library_path(self.path.parent) | server.environment()


def find_programs(server: Server) -> dict[str, Program]:
    """Return the programs for this server, by name.

    The embedded server gets the programs of its own version. For another server, programs of the same version are
    preferred, then newer ones, because pg_dump refuses a newer server. Among these the programs on PATH are first,
    because those of the Python package are built without TLS.
    """
    folders = [Embedded().binaries] if server.embedded else _best_first(server)
    return {
        name: Program(folder / name)
        for folder in reversed(folders)
        for name in CLIENTS
        if os.access(folder / name, os.X_OK)
    }


def find_program(server: Server, name: str) -> Program:
    """Return a program for this server, or raise StanchionError with the names that are most similar."""
    found = find_programs(server)
    if name in found:
        return found[name]
    if name in CLIENTS:
        raise StanchionError(f"{name} is not installed on this machine: install postgresql-client.")
    near = difflib.get_close_matches(name, found, 3)
    raise StanchionError(
        f"'{name}' is not a program that connects to a server: "
        + (f"did you mean {' or '.join(near)}?" if near else "stanchion tool lists them.")
    )


def run_program(command: Sequence[str | Path], environment: dict[str, str]) -> int:
    """Run a program and return its exit code. Ctrl-C reaches the program, which cancels its work, not us."""
    previous = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        code = subprocess.run(command, env=environment, check=False).returncode
    finally:
        signal.signal(signal.SIGINT, previous)
    return code if code >= 0 else 128 - code


def _best_first(server: Server) -> list[Path]:
    with connect(server, needs_session=False) as conn:
        wanted = conn.info.server_version // 10000
    majors = {folder: _major(folder) for folder in (*_folders_on_path(), *(bindir for _, bindir in installed()))}
    return sorted(filter(majors.get, majors), key=lambda folder: (majors[folder] < wanted, majors[folder] != wanted))


def _folders_on_path() -> Iterator[Path]:
    for name in ("pg_dump", "psql"):
        if found := shutil.which(name):
            yield Path(found).parent


def _major(folder: Path) -> int:
    """Return the version of the programs in a folder, or 0 when they cannot be run."""
    for name in ("pg_dump", "psql"):
        try:
            done = subprocess.run(
                [folder / name, "--version"], env=os.environ | library_path(folder), capture_output=True, text=True,
                check=False,
            )  # fmt: skip
        except OSError:
            continue
        if version := re.search(r"\) (\d+)", done.stdout):
            return int(version[1])
    return 0

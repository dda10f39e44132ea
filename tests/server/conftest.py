"""Homes for real servers, below a directory that every user can enter. For root, pytest's tmp_path is closed."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from stanchion.cli.main import main
from stanchion.server.embedded import Embedded

ROOT = Path(__file__).resolve().parents[2]

COMMANDS = "from stanchion.cli.main import main; main(prog_name='stanchion')"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def no_server_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name == "DATABASE_URL" or name.startswith(("PG", "STANCHION_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """Make a directory that every user can enter; kill its servers and delete it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="stanchion-test-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        end_processes(folder)
        shutil.rmtree(folder)


@pytest.fixture
def place() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


@pytest.fixture
def new_home(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home that does not exist yet, and set STANCHION_HOME to it."""
    monkeypatch.setenv("STANCHION_HOME", str(place / "home"))
    return place / "home"


@pytest.fixture(scope="session")
def shared_home() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder / "home"


@pytest.fixture
def home(shared_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a home with data and no running server. All tests share it, since initdb lasts a second."""
    if not shared_home.exists():
        with Embedded(shared_home, fast=True):
            pass
    monkeypatch.setenv("STANCHION_HOME", str(shared_home))
    yield shared_home
    Embedded(shared_home).down()
    end_processes(shared_home)


@pytest.fixture(scope="module")
def server() -> Iterator[Embedded]:
    """Start one server for the tests of a file that do not change it."""
    with open_folder() as folder, Embedded(folder / "home", fast=True) as embedded:
        yield embedded


@pytest.fixture
def stanchion() -> Run:
    """Return a function that runs a command.

    up and psql run in a process of their own: up is a client of the server until its process ends, and psql prints.
    """

    def run(*args: str, **options: object) -> subprocess.CompletedProcess[str]:
        if {"up", "psql"} & set(args) and "--help" not in args:
            return python(COMMANDS, *args, **options)
        done = CliRunner().invoke(main, args, prog_name="stanchion", catch_exceptions=False)
        return subprocess.CompletedProcess(args, done.exit_code, done.stdout, done.stderr)

    return run


def python(code: str, *args: str, **options: object) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-c", code, *args]
    given: dict[str, object] = {"stdin": subprocess.DEVNULL, "timeout": 60, **options}
    return subprocess.run(argv, capture_output=True, text=True, check=False, **given)  # type: ignore[call-overload, no-any-return]


def postmaster(embedded: Embedded) -> int:
    return int((embedded.data / "postmaster.pid").read_text().split("\n")[0])


def processes(folder: Path) -> list[int]:
    """Return the running processes that work in or below the folder, as all processes of a server do."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink().is_relative_to(folder):
                found.append(int(process.name))
        except OSError:
            continue
    return found


def end_processes(folder: Path) -> None:
    for pid in processes(folder):
        os.kill(pid, signal.SIGKILL)

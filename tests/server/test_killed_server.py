"""After a kill of the server or of its creation, the next start works, keeps the rows and waits for recovery."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest

from stanchion.errors import StanchionError
from stanchion.server import cluster
from stanchion.server.embedded import Embedded

from .conftest import postmaster, processes

COMMITS = {"synchronous_commit": "on"}  # commits survive a kill, but not a power failure


def fill(embedded: Embedded) -> None:
    with psycopg.connect(embedded.dsn()) as connection:
        connection.execute("drop table if exists kept")
        connection.execute("create table kept as select generate_series(1, 200000) as n")


def rows(embedded: Embedded) -> object:
    with psycopg.connect(embedded.dsn()) as connection:
        return connection.execute("select count(*) from kept").fetchone()


def reachable_binaries(home: Path) -> Path:
    """Return the programs, or their copy in the home when the server's user cannot reach them."""
    return next(home.glob("binaries-*/*/*/bin"), Embedded(home).binaries)


def binaries_with(folder: Path, real: Path, program: str, script: str) -> Path:
    """Make a folder of programs, one of which is a script. Its function `hold` waits until the folder has a file go."""
    folder.mkdir()
    for name in {"initdb", "postgres"} - {program}:
        (folder / name).symlink_to(real / name)
    hold = f'while [ -d "{folder}" ] && [ ! -e "{folder}/go" ]; do sleep 0.02; done'
    (folder / program).write_text(f"#!/bin/sh\nhold() {{ {hold}; }}\n{script}\n")
    (folder / program).chmod(0o755)
    return folder


def is_busy(embedded: Embedded) -> bool:
    with psycopg.connect(embedded.dsn()) as connection:
        query = "select exists (select from pg_stat_activity where application_name = 'psql' and state = 'active')"
        return connection.execute(query).fetchone() == (True,)


@pytest.mark.slow
def test_start_after_a_killed_postmaster_with_busy_backends(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "ORPHANS_ASKED", 4)  # instead of two seconds
    with Embedded(fast=True, settings=COMMITS) as embedded:
        fill(embedded)
        busy = subprocess.Popen(
            [embedded.binaries / "psql", "-c", "select count(*) from generate_series(1, 1000000000000)"],
            env=os.environ | embedded.environment(),
            stderr=subprocess.DEVNULL,
        )
        while not is_busy(embedded):
            assert busy.poll() is None
        killed = postmaster(embedded)
        os.kill(killed, signal.SIGKILL)
        while embedded.is_running():
            time.sleep(0.01)
        assert processes(home), "a busy backend must still be running"
        with Embedded(fast=True) as again:
            assert postmaster(again) != killed
            assert rows(again) == (200000,)
        busy.wait()


@pytest.mark.parametrize("whose", ["a zombie's", "another program's", "a dead process's"])
def test_start_ignores_a_pid_file_of_another_process(home: Path, whose: str) -> None:
    embedded = Embedded(fast=True, settings=COMMITS).start()
    fill(embedded)
    os.kill(postmaster(embedded), signal.SIGKILL)
    owner = embedded.data.stat().st_uid
    user = {} if owner == os.geteuid() else {"user": owner}
    command = ["/bin/sleep", "60"] if whose == "another program's" else ["/bin/true"]
    other = subprocess.Popen(command, cwd="/", **user)  # type: ignore[call-overload]
    if whose == "a dead process's":
        other.wait()
    pid_file = embedded.data / "postmaster.pid"
    pid_file.write_text("\n".join([str(other.pid), *pid_file.read_text().split("\n")[1:]]))
    assert embedded.state == "down"
    with Embedded(fast=True) as again:
        assert rows(again) == (200000,)
    embedded.close()
    other.kill()
    other.wait()


@pytest.mark.slow
def test_killed_creation_leaves_no_incomplete_data(home: Path, place: Path, new_home: Path) -> None:
    """The creation cannot end before the kill, because initdb waits."""
    real = reachable_binaries(home)
    binaries = binaries_with(place / "held", real, "initdb", f'"{real}/initdb" "$@" && hold')
    start = (
        "import pathlib, sys; from stanchion.server.embedded import Embedded; "
        "Embedded(bindir=pathlib.Path(sys.argv[1]), fast=True).start()"
    )
    making = subprocess.Popen([sys.executable, "-c", start, binaries])
    while not list(new_home.glob(".init-*/pg_wal")):
        assert making.poll() is None
        time.sleep(0.005)
    making.kill()
    assert making.wait() == -signal.SIGKILL, "the start ended before it could be killed"
    assert not (new_home / "data").exists()
    (binaries / "go").touch()
    with Embedded(fast=True) as embedded, psycopg.connect(embedded.dsn()):
        assert not list(new_home.glob(".init-*"))


@pytest.mark.slow
@pytest.mark.parametrize("speed", [50, pytest.param(1, marks=pytest.mark.exhaustive)])
def test_start_waits_for_a_recovery_of_ten_seconds(
    speed: int, place: Path, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server begins to recover only after two reports of the wait, at ten seconds on the clock of the start.

    This clock is `speed` times as fast as the real one.
    """
    with Embedded(fast=True, settings=COMMITS) as embedded:
        fill(embedded)
        os.kill(postmaster(embedded), signal.SIGQUIT)  # an immediate stop: the write-ahead log is replayed
        while processes(home):
            time.sleep(0.05)
    real = reachable_binaries(home)
    script = f'case "$1" in -D) hold ;; esac\nexec "{real}/postgres" "$@"'
    held = binaries_with(place / "held", real, "postgres", script)
    printed = []

    def sleep(seconds: float) -> None:
        printed.append(capsys.readouterr().err)
        if "".join(printed).count("recovers first") >= 2:  # it is printed every five seconds
            (held / "go").touch()
        time.sleep(seconds / speed)

    with monkeypatch.context() as patch:
        patch.setattr(cluster, "time", SimpleNamespace(sleep=sleep, monotonic=lambda: time.monotonic() * speed))
        embedded = Embedded(bindir=held, fast=True).start()
    with embedded:
        assert rows(embedded) == (200000,)
        assert "automatic recovery in progress" in (embedded.data / "server.log").read_text()
    assert max(map(int, re.findall(r"recovers first \((\d+) s\)", "".join(printed)))) >= 10


def test_failed_start_is_one_sentence_with_the_reason(new_home: Path) -> None:
    with pytest.raises(StanchionError) as refused:
        Embedded(settings={"shared_buffers": "plenty"}, fast=True).start()
    assert 'invalid value for parameter "shared_buffers": "plenty"' in str(refused.value)
    assert "server.log" in str(refused.value)
    assert "\n" not in str(refused.value)
    with Embedded(fast=True) as embedded:
        assert embedded.is_running()

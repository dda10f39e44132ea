"""After a kill of the server or of its creation, the next start works, keeps the rows and waits for recovery."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from stanchion.errors import StanchionError
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


@pytest.mark.slow
def test_start_after_a_killed_postmaster_with_busy_backends(home: Path) -> None:
    with Embedded(fast=True, settings=COMMITS) as embedded:
        fill(embedded)
        busy = subprocess.Popen(
            [embedded.binaries / "psql", "-c", "select count(*) from generate_series(1, 1000000000000)"],
            env=os.environ | embedded.environment(),
            stderr=subprocess.DEVNULL,
        )
        time.sleep(0.5)
        killed = postmaster(embedded)
        os.kill(killed, signal.SIGKILL)
        time.sleep(0.2)
        assert not embedded.is_running()
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
def test_killed_creation_leaves_no_incomplete_data(new_home: Path) -> None:
    start = "from stanchion.server.embedded import Embedded; Embedded(fast=True).start()"
    making = subprocess.Popen([sys.executable, "-c", start])
    while not list(new_home.glob(".init-*/pg_wal")):
        assert making.poll() is None, "the start ended before it could be killed"
        time.sleep(0.005)
    making.kill()
    making.wait()
    assert not (new_home / "data").exists()
    with Embedded(fast=True) as embedded, psycopg.connect(embedded.dsn()):
        assert not list(new_home.glob(".init-*"))


@pytest.mark.slow
def test_start_waits_for_a_recovery_of_ten_seconds(place: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Embedded(fast=True, settings=COMMITS) as embedded:
        fill(embedded)
        real = next(
            home.glob("binaries-*/*/*/bin"), embedded.binaries
        )  # the copy in the home, where the server's user cannot reach the originals
        os.kill(postmaster(embedded), signal.SIGQUIT)  # an immediate stop: the write-ahead log is replayed
        while processes(home):
            time.sleep(0.05)
    slow = place / "slow"
    slow.mkdir()
    (slow / "initdb").symlink_to(real / "initdb")
    script = f'#!/bin/sh\ncase "$1" in -D) sleep 11 ;; esac\nexec "{real}/postgres" "$@"\n'
    (slow / "postgres").write_text(script)
    (slow / "postgres").chmod(0o755)
    begun = time.monotonic()
    with Embedded(bindir=slow, fast=True) as embedded:
        assert time.monotonic() - begun > 10
        assert rows(embedded) == (200000,)
        assert "automatic recovery in progress" in (embedded.data / "server.log").read_text()
    assert capsys.readouterr().err.count("recovers first") >= 2, "the reason for the wait is printed every five seconds"


def test_failed_start_is_one_sentence_with_the_reason(new_home: Path) -> None:
    with pytest.raises(StanchionError) as refused:
        Embedded(settings={"shared_buffers": "plenty"}, fast=True).start()
    assert 'invalid value for parameter "shared_buffers": "plenty"' in str(refused.value)
    assert "server.log" in str(refused.value)
    assert "\n" not in str(refused.value)
    with Embedded(fast=True) as embedded:
        assert embedded.is_running()

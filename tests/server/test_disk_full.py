"""With a full disk a statement or a start fails with one sentence; committed data stays."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from stanchion.errors import StanchionError
from stanchion.server.embedded import Embedded


@pytest.fixture
def small_disk(place: Path) -> Iterator[Path]:
    """Mount a small disk for a home."""
    disk = place / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=120m,mode=755", "tmpfs", str(disk)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount a small disk: {mounted.stderr.strip()}")
    try:
        yield disk
    finally:
        Embedded(disk / "home").down()
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(disk: Path, leave: int = 0) -> Path:
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(65536))
        except OSError:
            file.truncate(max(0, file.tell() - leave))
    return ballast


@pytest.mark.slow
def test_full_disk_fails_a_statement_but_not_the_server(small_disk: Path) -> None:
    safe = Embedded(small_disk / "home", fast=True, settings={"synchronous_commit": "on"})
    with safe as embedded, psycopg.connect(embedded.dsn()) as connection:
        connection.execute("create table kept as select 42 as answer")
        connection.commit()
        ballast = fill(small_disk)
        with pytest.raises(psycopg.errors.DiskFull):
            connection.execute("create table lost as select repeat('x', 1000) from generate_series(1, 5000)")
        connection.rollback()
        assert connection.execute("select answer from kept").fetchone() == (42,)
    assert embedded.state == "down"
    ballast.unlink()
    with Embedded(small_disk / "home", fast=True) as embedded, psycopg.connect(embedded.dsn()) as connection:
        assert connection.execute("select answer from kept").fetchone() == (42,)


@pytest.mark.slow
def test_full_disk_refuses_a_start_with_one_sentence(small_disk: Path) -> None:
    home = small_disk / "home"
    home.mkdir()
    ballast = fill(small_disk, leave=20 * 2**20)
    with pytest.raises(StanchionError, match=r"is full .*make room") as refused:
        Embedded(home, fast=True).start()
    assert "\n" not in str(refused.value)
    assert not (home / "data").exists()
    ballast.unlink()
    with Embedded(home, fast=True) as embedded:
        pass
    ballast = fill(small_disk)
    try:
        with Embedded(home, fast=True):
            pass
    except StanchionError as refusal:
        assert "make room" in str(refusal)
        assert "\n" not in str(refusal)
    assert embedded.state == "down"
    ballast.unlink()
    with Embedded(home, fast=True) as embedded:
        assert embedded.is_running()

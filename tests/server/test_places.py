"""Any path can be a home. Any Postgres from 15 on works, but not another major version than that of the data."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import psycopg
import pytest

from stanchion.errors import StanchionError
from stanchion.server.binaries import find_binaries, library_path
from stanchion.server.embedded import Embedded, default_home

from .conftest import postmaster


@pytest.mark.parametrize("name", ["with a space", "x" * 120, 'it\'s $HOME `id` "q", é \\ %d'])
def test_home_with_special_characters_or_a_long_path(place: Path, name: str) -> None:
    closed = [step for step in find_binaries().parents if not step.stat().st_mode & 0o001]
    if "$" in name and closed and os.geteuid() == 0:
        # the binaries would be copied below this path, which initdb passes to a shell
        with pytest.raises(StanchionError, match="to a path without"):
            Embedded(place / name / "home", fast=True).start()
        return
    with Embedded(place / name / "home", fast=True) as embedded, psycopg.connect(embedded.dsn()) as connection:
        row = connection.execute("show unix_socket_directories").fetchone()
        assert row
        with psycopg.connect(embedded.dsn(), host=row[0]):
            pass
    embedded.purge()
    assert not Path(row[0]).exists()
    assert not (place / name / "home").exists()


def test_home_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert default_home() == Path("/home/ada/.local/share/stanchion")
    monkeypatch.setenv("XDG_DATA_HOME", "/home/ada/data")
    assert default_home() == Path("/home/ada/data/stanchion")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert default_home() == Path("/var/lib/stanchion")
    monkeypatch.setenv("STANCHION_HOME", "/srv/stats")
    assert default_home() == Path("/srv/stats")


@pytest.mark.slow
def test_binaries_of_another_major_version_are_refused(new_home: Path) -> None:
    sixteen, eighteen = find_binaries("16"), find_binaries("18")
    with Embedded(bindir=sixteen, fast=True), Embedded(fast=True) as embedded:
        assert embedded.major == "16"
    with Embedded(fast=True) as embedded:
        assert embedded.binaries == sixteen, "without an override the wheel's matching binaries are used"
    with pytest.raises(StanchionError, match=r"made by Postgres 16, .* has 18: .*pg_dump.*down --purge"):
        Embedded(bindir=eighteen).start()
    assert embedded.state == "down"


def test_bindir_without_postgres_is_refused(new_home: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANCHION_PG_BINDIR", str(place))
    with pytest.raises(StanchionError, match=f"{place} does not contain postgres: set STANCHION_PG_BINDIR"):
        Embedded().start()


@pytest.mark.slow
@pytest.mark.debian
def test_binaries_of_unpacked_debian_packages_work(
    new_home: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not installed:
        pytest.skip("no Debian package of Postgres is installed to be copied")
    major = installed[-1].parents[1].name
    cache = place / "cache"
    unused = shutil.ignore_patterns("bitcode", "pgxs", "llvmjit*")
    for tree in (f"usr/lib/postgresql/{major}", f"usr/share/postgresql/{major}"):
        shutil.copytree(Path("/") / tree, cache / tree, symlinks=True, ignore=unused)
    for library in Path("/usr/lib").glob("*-linux-gnu*/libpq.so.5*"):
        (cache / library.relative_to("/").parent).mkdir(parents=True, exist_ok=True)
        shutil.copy(library, cache / library.relative_to("/"))
    monkeypatch.setenv("STANCHION_PG_BINDIR", str(cache / f"usr/lib/postgresql/{major}/bin"))
    with Embedded(fast=True) as embedded:
        assert embedded.major == major
        environment = Path(f"/proc/{postmaster(embedded)}/environ").read_text()
        assert f"LD_LIBRARY_PATH={cache}/usr/lib/" in environment
        with psycopg.connect(embedded.dsn()) as connection:
            connection.execute("select 1")


def test_other_binaries_need_no_library_path() -> None:
    assert library_path(Path("/usr/lib/postgresql/15/bin")) == {}
    assert library_path(find_binaries()) == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="Only root can give a folder to another user.")
@pytest.mark.parametrize("change", ["owner", "mode"])
def test_home_that_another_user_may_write_is_refused(change: str, new_home: Path, place: Path) -> None:
    """Root would write through a link that the user has planted there."""
    target = place / "target"
    new_home.mkdir()
    (new_home / "stanchion.conf").symlink_to(target)
    (new_home / "start.lock").symlink_to(target)
    if change == "owner":
        os.chown(new_home, 65534, 65534)
    else:
        new_home.chmod(0o777)
    with pytest.raises(StanchionError, match=r"cannot be the home .* it (belongs to the user|may be written by)"):
        Embedded(fast=True).start()
    assert not target.exists()


def test_link_in_the_place_of_a_file_of_the_home_is_not_followed(new_home: Path, place: Path) -> None:
    target = place / "target"
    new_home.mkdir(mode=0o755)
    (new_home / "stanchion.conf").symlink_to(target)
    (new_home / "stanchion.conf.new").symlink_to(target)
    with Embedded(fast=True):
        assert not (new_home / "stanchion.conf").is_symlink()
    assert not target.exists()
    for name in ("start.lock", "clients.lock"):
        (new_home / name).unlink(missing_ok=True)
        (new_home / name).symlink_to(target)
        with pytest.raises(StanchionError, match="Cannot start the embedded server"):
            Embedded(fast=True).start()
        (new_home / name).unlink()
    assert not target.exists()

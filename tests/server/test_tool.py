"""stanchion tool runs programs of Postgres with the connection of the server, and without its password in sight."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from stanchion.server.embedded import Embedded
from stanchion.server.programs import CLIENTS

from .conftest import COMMANDS, Run, python


def test_a_program_has_the_version_and_the_connection_of_the_server(home: Path) -> None:
    with Embedded(fast=True) as server, psycopg.connect(server.dsn()) as conn:
        dumped = python(COMMANDS, "tool", "pg_dump", "--schema-only")
        assert dumped.returncode == 0, dumped.stderr
        version = conn.execute("show server_version").fetchone()
        assert version and f"Dumped from database version {version[0]}" in dumped.stdout
        assert f"Dumped by pg_dump version {version[0]}" in dumped.stdout
        database = python(COMMANDS, "tool", "psql", "-Atc", "select current_database()")
        assert database.stdout == "stanchion\n"


def test_the_exit_code_is_that_of_the_program(home: Path) -> None:
    with Embedded(fast=True):
        assert python(COMMANDS, "tool", "pg_isready", "-q").returncode == 0
        assert python(COMMANDS, "tool", "psql", "-v", "ON_ERROR_STOP=1", "-c", "select 1/0").returncode == 1
        assert python(COMMANDS, "tool", "pg_isready", "-q", "-p", "1").returncode == 2
        helped = python(COMMANDS, "tool", "pg_amcheck", "--help")
        assert (helped.returncode, helped.stdout.partition(" ")[0]) == (0, "pg_amcheck")


def test_without_a_name_the_programs_are_listed(home: Path, stanchion: Run) -> None:
    rows = json.loads(stanchion("tool", "--json").stdout)
    assert {row["program"] for row in rows} >= {"pg_dump", "pg_restore", "psql", "pg_amcheck", "pgbench", "vacuumdb"}
    assert {row["program"] for row in rows} <= set(CLIENTS)
    assert all(os.access(row["path"], os.X_OK) for row in rows)
    assert "pg_restore" in stanchion("tool").stdout


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pg_dmup", "did you mean pg_dump"),
        ("pg_ctl", "'pg_ctl' is not a program that connects to a server"),
        ("../bin/psql", "'../bin/psql' is not a program"),
        ("", "'' is not a program"),
        ("a\x1b[31m", "'a\\x1b[31m' is not a program"),
    ],
)
def test_an_unknown_name_is_refused(server: Embedded, stanchion: Run, name: str, words: str) -> None:
    refused = stanchion("--dsn", server.dsn(), "tool", name)
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (1, "", 1)
    assert words in refused.stderr


def test_no_command_line_contains_the_password(server: Embedded) -> None:
    secret = server.environment()["PGPASSWORD"]
    # a URL on the command line of stanchion is there already, so the test uses the environment
    process = subprocess.Popen(
        [sys.executable, "-c", COMMANDS, "tool", "psql", "-c", "select pg_sleep(60)"],
        env=os.environ | {"DATABASE_URL": server.dsn()},
    )
    try:
        lines: list[str] = []
        with psycopg.connect(server.dsn(), autocommit=True) as conn:
            asleep = "select from pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active'"
            while not conn.execute(asleep).rowcount:
                assert process.poll() is None
                time.sleep(0.05)
            for each in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    lines.append(each.read_text(errors="replace"))
                except OSError:
                    continue
            assert any("psql" in line and "pg_sleep(60)" in line for line in lines)
            assert not any(secret in line for line in lines)
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            os.kill(int(children[0]), signal.SIGTERM)
        assert process.wait(30) == 128 + signal.SIGTERM
    finally:
        process.kill()


def test_another_server_gets_the_newest_programs_it_accepts(
    server: Embedded, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pg_dump refuses a newer server: an older one that is first on PATH is not used."""
    old = place / "old"
    old.mkdir()
    (old / "pg_dump").write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.1'\n")
    (old / "pg_dump").chmod(0o755)
    monkeypatch.setenv("PATH", f"{old}:{os.environ['PATH']}")
    dumped = python(COMMANDS, "--dsn", server.dsn(), "tool", "pg_dump", "--schema-only")
    assert dumped.returncode == 0, dumped.stderr
    assert "PostgreSQL database dump" in dumped.stdout

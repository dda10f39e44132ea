"""The commands up, down, dsn and psql; their refusals are one sentence."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import psycopg
import pytest

from stanchion.server.embedded import Embedded

from .conftest import Run


@pytest.mark.slow
def test_up_dsn_psql_down_and_purge(home: Path, stanchion: Run) -> None:
    for _ in range(2):
        up = stanchion("up")
        assert up.returncode == 0, up.stderr
        assert f"its data in {home}/data" in up.stdout
    assert Embedded().is_running()
    dsn = stanchion("dsn").stdout
    assert dsn.count("\n") == 1
    with psycopg.connect(dsn.strip()) as connection:
        assert connection.info.dbname == "stanchion"
    exported = subprocess.run(
        ["bash", "-c", f"{stanchion('dsn', '--export').stdout}\necho $PGHOST:$PGPORT/$PGDATABASE"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert exported.stdout.strip() in dsn
    assert stanchion("psql", "-Atc", "select 1").stdout == "1\n"
    assert Embedded().is_running(), "psql must not stop a server that up keeps running"
    assert stanchion("down").stdout == "The embedded server is stopped.\n"
    assert not Embedded().is_running()
    assert stanchion("down").stdout == "The embedded server was not running.\n"
    refused = stanchion("down", "--purge")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "add --yes" in refused.stderr
    assert home.exists()
    assert stanchion("down", "--purge", "--yes").stdout == f"{home}/data is deleted.\n"
    assert not home.exists()
    assert "nothing to delete" in stanchion("down", "--purge", "--yes").stdout


def test_up_dsn_and_down_print_json(home: Path, stanchion: Run) -> None:
    up = json.loads(stanchion("up", "--json").stdout)
    assert up["data"] == f"{home}/data"
    assert json.loads(stanchion("dsn", "--json").stdout) == {"dsn": up["dsn"], "source": "embedded"}
    assert json.loads(stanchion("down", "--json").stdout) == {"stopped": True, "data": f"{home}/data"}


def test_dsn_of_a_stopped_server_is_an_error_with_a_remedy(home: Path, stanchion: Run) -> None:
    refused = stanchion("dsn")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "is not running: run stanchion up" in refused.stderr


def test_psql_passes_arguments_and_returns_the_exit_code(home: Path, stanchion: Run) -> None:
    """psql starts the server and, as its last client, stops it."""
    done = stanchion("psql", "-X", "--tuples-only", "-c", "select 6 * 7", "-v", "ON_ERROR_STOP=1")
    assert (done.returncode, done.stdout.strip()) == (0, "42"), done.stderr
    assert not Embedded().is_running()
    with Embedded(fast=True):
        assert stanchion("psql", "-v", "ON_ERROR_STOP=1", "-f", "-", stdin=None, input="select 1/0;").returncode == 3
        assert stanchion("psql", "-h", "nowhere.invalid", "-c", "select 1").returncode == 2


def test_psql_has_no_password_on_its_command_line(home: Path, stanchion: Run) -> None:
    show = r"\! tr '\0' ' ' </proc/$PPID/cmdline"
    done = stanchion("psql", "-c", show)
    assert "psql" in done.stdout
    assert (home / "password").read_text().strip() not in done.stdout


@pytest.mark.parametrize("command", ["up", "down"])
def test_up_and_down_do_not_touch_a_configured_server(
    server: Embedded, place: Path, monkeypatch: pytest.MonkeyPatch, stanchion: Run, command: str
) -> None:
    monkeypatch.setenv("STANCHION_HOME", str(place / "none"))
    monkeypatch.setenv("DATABASE_URL", server.dsn())
    done = stanchion(command)
    assert done.returncode == (1 if command == "up" else 0)
    assert "DATABASE_URL" in done.stderr
    assert server.is_running()
    assert not (place / "none").exists()


def test_dsn_and_psql_use_a_configured_server(
    server: Embedded, place: Path, monkeypatch: pytest.MonkeyPatch, stanchion: Run
) -> None:
    monkeypatch.setenv("STANCHION_HOME", str(place / "none"))
    assert stanchion("--dsn", server.dsn(), "dsn").stdout == server.dsn() + "\n"
    database = stanchion("--dsn", server.dsn("postgres"), "psql", "-Atc", "select current_database()")
    assert database.stdout == "postgres\n"
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    dsn = stanchion("dsn").stdout.strip()
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    psql = [server.binaries / "psql", dsn, "-Atc", "select current_database()"]
    done = subprocess.run(psql, env=plain, capture_output=True, text=True, check=True)
    assert done.stdout == "stanchion\n"
    assert not (place / "none").exists()


@pytest.mark.parametrize("command", ["up", "down", "dsn", "psql"])
def test_help_contains_an_example(stanchion: Run, command: str) -> None:
    printed = stanchion(command, "--help").stdout
    assert "Example:\n    " in printed
    assert "stanchion" in printed

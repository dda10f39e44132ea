"""The embedded server is private (loopback, random password), and its data survives restarts."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import psycopg
import pytest

from stanchion.server.cluster import PORTS
from stanchion.server.embedded import Embedded


def value(dsn: str, query: str) -> object:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(query).fetchone()
    assert row
    return row[0]


def test_second_start_finds_the_rows_of_the_first(new_home: Path) -> None:
    with Embedded(fast=True) as first, psycopg.connect(first.dsn()) as connection:
        connection.execute("create table kept as select 42 as answer")
        password = (new_home / "password").read_text()
    assert not first.is_running()
    with Embedded(fast=True) as second:
        assert value(second.dsn(), "select answer from kept") == 42
    assert (new_home / "password").read_text() == password


def test_server_listens_only_on_loopback_on_a_port_below_the_ephemeral_range(server: Embedded) -> None:
    environment = server.environment()
    assert environment["PGHOST"] == "127.0.0.1"
    assert int(environment["PGPORT"]) in PORTS
    assert value(server.dsn(), "show listen_addresses") == "127.0.0.1"


@pytest.mark.parametrize("host", ["127.0.0.1", "the socket"])
def test_wrong_password_is_refused(server: Embedded, host: str) -> None:
    host = host if host == "127.0.0.1" else str(value(server.dsn(), "show unix_socket_directories"))
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.dsn(), host=host, password="wrong")


def test_every_password_uses_scram(server: Embedded) -> None:
    methods = "select array_agg(distinct auth_method) from pg_hba_file_rules"
    assert value(server.dsn(), methods) == ["scram-sha-256"]
    assert str(value(server.dsn(), "select rolpassword from pg_authid where rolcanlogin")).startswith("SCRAM-")


def test_only_the_owner_reads_the_password_and_the_data(server: Embedded) -> None:
    password = server.home / "password"
    assert stat.S_IMODE(password.stat().st_mode) == 0o600
    assert len(password.read_text().strip()) >= 32
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700


def test_server_answers_on_its_socket(server: Embedded) -> None:
    folder = str(value(server.dsn(), "show unix_socket_directories"))
    with psycopg.connect(server.dsn(), host=folder) as connection:
        assert connection.info.host == folder


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("timezone", "UTC"),
        ("log_timezone", "UTC"),
        ("server_encoding", "UTF8"),
        ("wal_level", "logical"),
        ("fsync", "off"),
    ],
)
def test_default_setting(server: Embedded, setting: str, expected: str) -> None:
    assert value(server.dsn(), f"show {setting}") == expected


def test_default_is_durable_and_settings_can_be_overridden(home: Path) -> None:
    with Embedded(fast=True):
        pass
    with Embedded(settings={"work_mem": "7MB", "cluster_name": r"it's a \ name"}) as embedded:
        for durable in ("fsync", "synchronous_commit", "full_page_writes"):
            assert value(embedded.dsn(), f"show {durable}") == "on"
        assert value(embedded.dsn(), "show work_mem") == "7MB"
        assert value(embedded.dsn(), "show cluster_name") == r"it's a \ name"


def test_database_stanchion_exists_and_others_can_be_created(server: Embedded) -> None:
    assert value(server.dsn(), "select current_database()") == "stanchion"
    for _ in range(2):
        server.ensure_database("a/b c?")
    assert value(server.dsn("a/b c?"), "select current_database()") == "a/b c?"
    collation = "select datcollate from pg_database where datname = current_database()"
    assert value(server.dsn("a/b c?"), collation) in ("C.UTF-8", "en_US.UTF-8")


def test_two_servers_use_different_ports(home: Path, server: Embedded) -> None:
    with Embedded(fast=True) as other:
        assert other.environment()["PGPORT"] != server.environment()["PGPORT"]


def test_server_uses_another_port_when_its_own_is_in_use(home: Path) -> None:
    with Embedded(fast=True) as embedded:
        usual = int(embedded.environment()["PGPORT"])
    with socket.create_server(("127.0.0.1", usual)), Embedded(fast=True) as embedded:
        assert int(embedded.environment()["PGPORT"]) != usual


def test_pgsslmode_of_the_caller_is_ignored(server: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSSLMODE", "require")
    assert value(server.dsn(), "select 1") == 1

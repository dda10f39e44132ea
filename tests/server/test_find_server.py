"""A configured server is used or is an error. The embedded server never replaces it, and no error has a password."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from stanchion.errors import StanchionError
from stanchion.server import locate
from stanchion.server.embedded import Embedded
from stanchion.server.locate import LIBPQ_VARIABLES, configured_by, find_server

REFUSED = "postgresql://ada:hunter2secret@127.0.0.1:9/stats"  # the discard port, on which no server listens


def test_dsn_comes_before_database_url_before_libpq_variables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert configured_by(None) is None
    for name in reversed(LIBPQ_VARIABLES):
        monkeypatch.setenv(name, "1")
    assert configured_by(None) == " and ".join(LIBPQ_VARIABLES)
    monkeypatch.setenv("DATABASE_URL", REFUSED)
    assert configured_by(None) == "DATABASE_URL"
    assert configured_by(REFUSED) == "--dsn"


@pytest.mark.parametrize("name", LIBPQ_VARIABLES)
def test_each_libpq_variable_configures_unless_empty(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "")
    assert configured_by(None) is None
    monkeypatch.setenv(name, "something")
    assert configured_by(None) == name


def test_default_is_the_embedded_server_while_in_use(home: Path) -> None:
    with Embedded(fast=True):
        pass
    with find_server(None) as server:
        assert server.embedded
        assert server.description.startswith("embedded Postgres 18 at 127.0.0.1:15")
        assert server.description.endswith(f"(data in {home}/data)")
        with psycopg.connect(server.dsn) as connection:
            assert connection.info.dbname == "stanchion"
        assert server.environment()["PGDATABASE"] == "stanchion"
    assert not Embedded().is_running()


@pytest.fixture
def configured(server: Embedded, monkeypatch: pytest.MonkeyPatch, new_home: Path) -> Iterator[Embedded]:
    """Return a running server, and check that the embedded server of this test's home was not created."""
    yield server
    assert not new_home.exists()


@pytest.mark.parametrize("source", ["--dsn", "DATABASE_URL", "PGHOST and PGPORT and PGDATABASE and PGUSER"])
def test_configured_server_is_used(configured: Embedded, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    environment, dsn = configured.environment(), None
    if source == "--dsn":
        dsn = configured.dsn()
        monkeypatch.setenv("DATABASE_URL", REFUSED)
    elif source == "DATABASE_URL":
        monkeypatch.setenv("DATABASE_URL", configured.dsn())
        monkeypatch.setenv("PGHOST", "nowhere.invalid")
    else:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
    with find_server(dsn) as server:
        assert not server.embedded
        assert server.source == source
        place = f"127.0.0.1:{environment['PGPORT']}"
        assert server.description == f"configured by {source}: postgres@{place}/stanchion"
        assert environment["PGPASSWORD"] not in server.description + repr(server)
        assert server.environment().items() >= environment.items()
        with psycopg.connect(server.dsn) as connection:
            assert connection.execute("select 1").fetchone() == (1,)


def test_service_file_configures_a_server(configured: Embedded, monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    of = configured.environment()
    (place / "services").write_text(
        f"[stats]\nhost={of['PGHOST']}\nport={of['PGPORT']}\nuser={of['PGUSER']}\n"
        f"password={of['PGPASSWORD']}\ndbname=stanchion\n"
    )
    monkeypatch.setenv("PGSERVICEFILE", str(place / "services"))
    monkeypatch.setenv("PGSERVICE", "stats")
    with find_server(None) as server, psycopg.connect(server.dsn) as connection:
        assert connection.info.dbname == "stanchion"
        assert server.environment()["PGPORT"] == of["PGPORT"]


@pytest.mark.parametrize("password", ["hunter2?secret", "hunter2%2Fsecret", "hunter2:secret"])
def test_password_with_special_characters_is_not_shown(configured: Embedded, password: str) -> None:
    with (
        pytest.raises(StanchionError, match="refused") as refused,
        find_server(REFUSED.replace("hunter2secret", password)),
    ):
        pass
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("source", ["--dsn", "DATABASE_URL", "PGHOST and PGPORT"])
def test_unreachable_server_is_an_error_with_its_source(
    configured: Embedded, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    if source == "DATABASE_URL":
        monkeypatch.setenv("DATABASE_URL", REFUSED)
    if source == "PGHOST and PGPORT":
        monkeypatch.setenv("PGHOST", "127.0.0.1")
        monkeypatch.setenv("PGPORT", "9")
        monkeypatch.setenv("PGPASSWORD", "hunter2secret")
    with (
        pytest.raises(StanchionError) as refused,
        find_server(REFUSED if source == "--dsn" else None),
    ):
        pass
    message = str(refused.value)
    assert message.startswith(f"The server configured by {source} cannot be used: ")
    assert "Connection refused" in message
    assert "\n" not in message
    assert "hunter2" not in message


def test_error_for_a_wrong_password_does_not_show_it(configured: Embedded) -> None:
    wrong = configured.dsn().replace(configured.environment()["PGPASSWORD"], "hunter2secret")
    with pytest.raises(StanchionError, match="password authentication failed") as refused, find_server(wrong):
        pass
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "dsn",
    [
        "",
        "nonsense",
        "postgresql://ada:hunter2secret@127.0.0.1:port/stats",
        "postgresql://ada:hunter2@secret@127.0.0.1:9/stats",
        "postgresql://ada:hunter2/secret@127.0.0.1:9/stats",
        "postgresql://ada:9/hunter2secret@127.0.0.1:9/stats",
        "postgresql://ada:hunter2%zz@127.0.0.1:9/stats",
        "host=127.0.0.1 password='hunter2secret",
        "host=127.0.0.1 pasword=hunter2secret",
    ],
)
def test_malformed_dsn_is_refused_without_its_text(configured: Embedded, dsn: str) -> None:
    with pytest.raises(StanchionError, match="--dsn is not a connection URL") as refused, find_server(dsn):
        pass
    assert "hunter2" not in str(refused.value)
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.slow
def test_server_that_never_answers_is_an_error(configured: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locate, "CONNECT_TIMEOUT", 10_000)  # the configured time counts, not this one
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with (
            pytest.raises(StanchionError, match="timeout"),
            find_server(f"host=127.0.0.1 port={port} connect_timeout=2"),
        ):
            pass

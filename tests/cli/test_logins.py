"""A login has the privileges and limits of its role until it is dropped."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

LOGIN = "scoreboard_of_a_test"
Stanchion = Callable[..., Any]


@pytest.fixture
def login(db: psycopg.Connection[Any], dsn: str, call: Stanchion) -> Iterator[str]:
    made = json.loads(call("login", "add", LOGIN, "--as", "app", "--json").out)
    yield make_conninfo(dsn, user=LOGIN, password=made["password"])
    db.execute(f"drop role if exists {LOGIN}")


def test_a_new_app_login_passes_the_doctor(login: str, call: Stanchion) -> None:
    with psycopg.connect(login, autocommit=True) as conn:
        assert conn.execute("select pg_has_role('stanchion_app', 'member')").fetchone() == (True,)
        assert conn.execute("show statement_timeout").fetchone() == ("10s",)
    assert LOGIN not in call("doctor").out
    assert {"login": LOGIN, "as": "app"} in json.loads(call("login", "list", "--json").out)


def test_a_second_login_of_the_same_name_is_refused(login: str, call: Stanchion) -> None:
    outcome = call("login", "add", LOGIN, "--as", "dba")
    assert outcome.code == 1
    assert "already" in outcome.err


def test_dropping_a_login_ends_its_connections(login: str, call: Stanchion) -> None:
    with psycopg.connect(login, autocommit=True) as conn:
        assert call("login", "drop", LOGIN, "--yes").code == 0
        with pytest.raises(psycopg.OperationalError):
            conn.execute("select 1")


@pytest.mark.parametrize("name", ["postgres", "stanchion_owner", "nobody_of_ours"])
def test_a_role_from_elsewhere_is_not_dropped(name: str, call: Stanchion, db: Any) -> None:
    before = db.execute("select count(*) from pg_roles").fetchone()
    outcome = call("login", "drop", name, "--yes")
    assert outcome.code == 1
    assert "stanchion login list" in outcome.err
    assert db.execute("select count(*) from pg_roles").fetchone() == before


@pytest.mark.parametrize("name", ["two\nlines", "tab\there", "\x1b[31mred", "\u202eright to left"])
@pytest.mark.parametrize("command", [("login", "add", "--as", "app"), ("analyst", "add", "--tenant", "ours")])
def test_name_with_an_unprintable_character_is_refused(
    command: tuple[str, ...], name: str, db: psycopg.Connection[Any], tenants: dict[str, str], call: Stanchion
) -> None:
    first, second, *options = command
    done = call(first, second, name, *options)
    assert done.code == 1
    assert "contains a character that cannot be printed; choose another name." in done.err
    assert db.execute("select to_regrole(quote_ident(%s))", [name]).fetchone() == (None,)

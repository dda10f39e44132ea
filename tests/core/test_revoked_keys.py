"""Revoking an API key ends the transactions that use it, and no others."""

from collections.abc import Callable, Iterator

import psycopg
import pytest

from tests.program import call_stanchion
from tests.sessions import Db

SLUGS = "select slug from core.tenant"


@pytest.fixture
def key(dsn: str, tenants: dict[str, str]) -> str:
    """Create the key phone of the tenant ours, and return it."""
    return call_stanchion("key", "create", "ours", "phone", database_url=dsn).out.strip()


@pytest.fixture
def open_session(make_login: Callable[..., str]) -> Iterator[Callable[..., Db]]:
    made: list[Db] = []

    def open_one(key: str, level: str) -> Db:
        made.append(psycopg.connect(make_login("stanchion_app"), autocommit=True))
        made[-1].execute(f"begin isolation level {level}")
        made[-1].execute("select from core.use_api_key(%s)", [key])
        return made[-1]

    yield open_one
    for conn in made:
        conn.close()


@pytest.mark.parametrize("level", ["read committed", "repeatable read"])
def test_revoke_ends_the_transactions_that_use_the_key(
    level: str, dsn: str, key: str, open_session: Callable[..., Db]
) -> None:
    other = call_stanchion("key", "create", "ours", "board", database_url=dsn).out.strip()
    first, second, third = open_session(key, level), open_session(key, level), open_session(other, level)
    assert [conn.execute(SLUGS).fetchall() for conn in (first, second, third)] == [[("ours",)]] * 3
    done = call_stanchion("key", "revoke", "ours", "phone", database_url=dsn)
    assert done.out == "The key phone of ours is revoked. Open sessions that were ended: 2.\n"
    for conn in (first, second):
        with pytest.raises(psycopg.OperationalError):
            conn.execute(SLUGS)
    assert third.execute(SLUGS).fetchall() == [("ours",)]
    later = open_session(key, level)
    assert later.execute(SLUGS).fetchall() == []


def test_ended_transaction_keeps_its_session(dsn: str, key: str, open_session: Callable[..., Db]) -> None:
    conn = open_session(key, "read committed")
    conn.execute("commit")
    assert (
        call_stanchion("key", "revoke", "ours", "phone", database_url=dsn).out == "The key phone of ours is revoked.\n"
    )
    assert conn.execute(SLUGS).fetchall() == []


def test_wrong_keys_take_no_locks(db: Db, key: str, open_session: Callable[..., Db]) -> None:
    conn = open_session(key[:-1] + "x", "read committed")
    for number in range(100):
        conn.execute("select from core.use_api_key(%s)", [f"{key[:-3]}{number:03}"])
    taken = "select count(*) from pg_locks where pid = %s and locktype = 'advisory'"
    assert db.execute(taken, [conn.info.backend_pid]).fetchone() == (0,)

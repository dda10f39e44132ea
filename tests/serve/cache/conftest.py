"""A mart of two tenants that tests change as a build does, without dbt."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
import pytest

from stanchion.serve.cache.versions import BOUND
from tests.serve.web import Web, token
from tests.sessions import Db

READ = "/result?select=name,goals&order=name"


@dataclass
class Mart:
    """The mart marts.result, with one row of each tenant, and a view on it."""

    db: Db
    login: str
    tenants: dict[str, str]

    def change(self, goals: int, conn: Db | None = None, *, is_closed: bool = True) -> None:
        """Write the rows and the version in one transaction. `is_closed`: with the notification of a build."""
        conn = conn or self.db
        with conn.transaction():
            conn.execute("update marts.result set goals = %s", [goals])
            if is_closed:
                conn.execute("select core.close_window('marts.result', 'loads', 'of the test')")
            else:
                conn.execute("update core.stat_refresh set refreshed_at = clock_timestamp()")

    def token(self, slug: str = "ours", **changes: Any) -> str:
        return token(self.tenants[slug], **({"sub": "reader"} | changes))

    def get(self, web: Web, path: str = READ, slug: str = "ours", **headers: str) -> httpx.Response:
        answer = web.get(path, self.token(slug), **headers)
        assert answer.status_code in (200, 206, 304), answer.text
        return answer


def require_seen(mart: Mart, web: Web, goals: int) -> None:
    """Read until a change that has just committed is seen, and fail if a read that began after the bound is older."""
    changed = began = old = time.monotonic()
    while mart.get(web).json()[0]["goals"] != goals:
        old, began = began, time.monotonic()
    assert old - changed < BOUND, "a request after the bound got an old answer"


def status(answer: httpx.Response) -> str:
    return answer.headers["cache-status"].removeprefix("stanchion; ")


def end_sessions(db: Db, condition: str) -> int:
    """End the sessions of servers and return their number."""
    return len(
        db.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            f"where datname = current_database() and pid <> pg_backend_pid() and {condition}"
        ).fetchall()
    )


def create_mart(db: Db, login: str, tenants: dict[str, str]) -> Mart:
    db.execute(
        "create table marts.result (tenant_id uuid, name text, goals integer, played_on date default '2020-01-01')"
    )
    db.execute("create view marts.total with (security_invoker) as select sum(goals) as goals from marts.result")
    db.execute("select core.secure_relation('marts.result')")
    db.execute(
        "grant usage on schema marts to stanchion_app; grant select on marts.result, marts.total to stanchion_app"
    )
    for slug, tenant in tenants.items():
        db.execute("insert into marts.result values (%s, %s, 1)", [tenant, slug])
    for name in ("marts.result", "marts.total"):
        db.execute("select core.close_window(%s, 'loads', 'of the test')", [name])
    return Mart(db, login, tenants)


@pytest.fixture
def mart(make_login: Callable[..., str], db: Db, tenants: dict[str, str]) -> Mart:
    return create_mart(db, make_login("stanchion_app"), tenants)


def connection(db: Db, name: str | None = None) -> Db:
    """Return another connection to the database of a connection, or to another one of its server."""
    named = {"dbname": name} if name is not None else {}
    return psycopg.connect(db.info.dsn, password=db.info.password, autocommit=True, **named)

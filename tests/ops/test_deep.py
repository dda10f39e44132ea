"""stanchion doctor --deep finds damaged tables and indexes."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from stanchion.ops.deep import examine_deep
from stanchion.server.connection import Connection
from stanchion.server.embedded import Embedded
from tests.conftest import open_folder, run_stanchion
from tests.sessions import Db


def problems(conn: Connection) -> list[tuple[str, str]]:
    return [(alert.problem, alert.remedy) for alert in examine_deep(conn, lambda line: None).alerts]


def test_index_that_lacks_a_row_is_an_alert(db: Db) -> None:
    db.execute("create extension amcheck")
    assert problems(db) == []
    # the index was built with another result of the function
    db.execute("create function public.turned(n int) returns int immutable language sql return n")
    db.execute("create table public.damaged as select n from generate_series(1, 100) as n")
    db.execute("create index turned on public.damaged (public.turned(n))")
    db.execute("create or replace function public.turned(n int) returns int immutable language sql return -n")
    ((problem, remedy),) = problems(db)
    assert problem.startswith("The index public.turned is damaged: heap tuple")
    assert remedy == "Run: reindex index concurrently public.turned"
    db.execute(remedy.removeprefix("Run: "))
    assert problems(db) == []


def test_missing_permission_and_missing_extension_are_alerts(db: Db, make_login: Callable[..., str]) -> None:
    ((problem, remedy),) = problems(db)
    assert problem == "Damage cannot be found: amcheck is missing or not permitted."
    assert "create extension amcheck" in remedy
    db.execute("create extension amcheck")
    with psycopg.connect(make_login("stanchion_app"), autocommit=True) as app:
        assert problems(app) == [(problem, remedy)]


@pytest.fixture
def server() -> Iterator[Embedded]:
    folder = open_folder("stanchion-damaged-")
    server = Embedded(folder / "home", fast=True)
    try:
        yield server
    finally:
        server.purge()
        folder.rmdir()


def test_damaged_block_of_a_file_is_an_alert(server: Embedded) -> None:
    with server, psycopg.connect(server.dsn(), autocommit=True) as conn:
        conn.execute("create table public.damaged as select n from generate_series(1, 1000) as n")
        (file,) = conn.execute("select pg_relation_filepath('public.damaged')").fetchone()  # type: ignore[misc]
    with (server.data / Path(file)).open("r+b") as table:
        table.seek(8192 + 4000)
        table.write(b"damage")
    with server:
        assert run_stanchion("doctor", database_url=server.dsn()).out.count("damaged") == 0
        done = run_stanchion("doctor", "--deep", "--strict", "--json", database_url=server.dsn())
    assert done.code == 1
    (alert,) = json.loads(done.out)[-1]["alerts"]
    assert alert["problem"].startswith("The table public.damaged is damaged: invalid page in block 1 ")
    assert alert["remedy"] == "Restore it from a backup."

"""stanchion dump and restore: a dump is complete or absent, and a restore is checked or refused."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests.conftest import PROGRAM, Cluster, Outcome
from tests.program import call_stanchion
from tests.replicas.conftest import new_server
from tests.sessions import Db

HOSTILE = 'Ann "; drop role x; --'
NEW = "restored of the test"


@pytest.fixture
def run(dsn: str) -> Callable[..., Outcome]:
    return lambda *args, url=dsn: call_stanchion(*map(str, args), database_url=url)


@pytest.fixture
def made(run: Callable[..., Outcome], tenants: dict[str, str], tmp_path: Path) -> Path:
    """Return the folder of a dump with two tenants."""
    outcome = run("dump", "--out", tmp_path / "dump")
    assert outcome.code == 0, outcome.err
    return tmp_path / "dump"


@pytest.fixture
def new_name(db: Db) -> Iterator[str]:
    """Return the name of a database that a restore creates. It is dropped at the end."""
    yield NEW
    for name in (NEW, f"restoring {NEW}"):
        db.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def databases(db: Db) -> set[str]:
    return {name for (name,) in db.execute("select datname from pg_database").fetchall()}


def refused(outcome: Outcome, *words: str) -> None:
    assert outcome.code == 1, outcome
    assert outcome.err.count("Error:") == 1
    for word in words:
        assert word in outcome.err


ROLE = """
    select to_jsonb(r) - 'oid' - 'rolpassword' - 'rolconfig', shobj_description(r.oid, 'pg_authid'),
        (select jsonb_agg(g.roleid::regrole::text order by g.roleid::regrole::text) from pg_auth_members as g
            where g.member = r.oid),
        (select jsonb_agg(array[(s.setdatabase <> 0)::text, s.setconfig::text] order by s.setdatabase = 0)
            from pg_db_role_setting as s where s.setrole = r.oid)
    from pg_roles as r where r.rolname = %s
"""


def test_another_server_gets_the_rows_and_the_roles(
    db: Db, run: Callable[..., Outcome], make_login: Callable[..., str], cluster: Cluster, made: Path, tmp_path: Path
) -> None:
    name = sql.Identifier(HOSTILE)
    database = sql.Identifier(db.info.dbname)
    make = sql.SQL(
        "create role {0} login noinherit createdb connection limit 3 valid until '2099-01-01' password 'secret'"
    )
    db.execute(make.format(name))
    try:
        db.execute(sql.SQL("grant stanchion_app to {} with admin option").format(name))
        db.execute(sql.SQL("comment on role {} is 'it''s {{}} %'").format(name))
        db.execute(sql.SQL('alter role {} set search_path to marts, "a, b"').format(name))
        db.execute(sql.SQL("alter role {} in database {} set app.motto to 'a=b, c'").format(name, database))
        expected = db.execute(ROLE, [HOSTILE]).fetchone()
        assert run("dump", "--out", tmp_path / "later").code == 0
    finally:
        db.execute(sql.SQL("drop role {}").format(name))
    manifest = json.loads((tmp_path / "later" / "manifest.json").read_text())
    assert manifest["tables"]["core.tenant"] == 2
    assert (tmp_path / "later").stat().st_mode & 0o77 == 0
    with new_server(cluster) as server, server:
        with psycopg.connect(server.dsn("postgres"), autocommit=True) as conn:
            conn.execute("create database stats")
            conn.execute("create role stanchion_dba nologin createdb")  # differs, so verify reports it
        outcome = run("restore", tmp_path / "later", "--jobs", 2, url=server.dsn("stats"))
        assert outcome.code == 1, outcome.out + outcome.err
        assert "; 1 role of the dump existed, unchanged." in outcome.out
        assert [line for line in outcome.out.splitlines() if line.startswith(("changed", "added", "gone"))] == [
            "changed: role stanchion_dba: nologin in stanchion_owner -> nologin createdb"
        ]
        with psycopg.connect(server.dsn("stats"), autocommit=True) as conn:
            assert conn.execute("select slug from core.tenant order by 1").fetchall() == [("ours",), ("theirs",)]
            assert conn.execute(ROLE, [HOSTILE]).fetchone() == expected
            assert conn.execute("select rolcreatedb from pg_roles where rolname = 'stanchion_dba'").fetchone() == (
                True,
            )
        with psycopg.connect(make_conninfo(server.dsn("stats"), user=HOSTILE, password="secret")) as conn:
            assert conn.execute("select current_setting('app.motto')").fetchone() == ("a=b, c",)


def test_limits_of_the_login_do_not_end_a_dump(db: Db, dsn: str, tmp_path: Path) -> None:
    limits = make_conninfo(dsn, options="-c idle_in_transaction_session_timeout=1s")
    with psycopg.connect(dsn) as blocker:
        blocker.execute("lock table only core.event in access exclusive mode")
        process = dumping(limits, tmp_path / "dump")
        wait_until(lambda: db.execute(WAITING).rowcount)
        time.sleep(1.5)  # longer than the limit
    assert process.wait(60) == 0, process.stderr
    assert (tmp_path / "dump" / "manifest.json").exists()


def test_without_passwords_the_dump_contains_no_hash(
    run: Callable[..., Outcome], make_login: Callable[..., str], tmp_path: Path
) -> None:
    make_login("stanchion_app")
    assert run("dump", "--out", tmp_path / "with").code == 0
    assert "SCRAM-SHA-256" in (tmp_path / "with" / "manifest.json").read_text()
    assert run("dump", "--out", tmp_path / "without", "--no-passwords").code == 0
    assert "SCRAM-SHA-256" not in (tmp_path / "without" / "manifest.json").read_text()


def test_a_new_database_of_the_same_server(db: Db, run: Callable[..., Outcome], made: Path, new_name: str) -> None:
    db.execute(sql.SQL("create database {}").format(sql.Identifier(f"restoring {new_name}")))  # as a kill leaves it
    found = run("restore", made, "--into", new_name, "--json")
    assert found.code == 0, found.err
    facts = json.loads(found.out)
    assert (facts["roles_created"], facts["differences"], facts["verified"]) == ([], [], True)
    assert facts["rows"] == sum(json.loads((made / "manifest.json").read_text())["tables"].values())
    assert f"restoring {new_name}" not in databases(db)
    refused(run("restore", made, "--into", new_name), f"The database {new_name} exists already")


def test_a_full_database_is_refused(db: Db, run: Callable[..., Outcome], made: Path) -> None:
    refused(run("restore", made), f"The database {db.info.dbname} is not empty", "--into NAME")


@pytest.mark.parametrize("name", ["", "x" * 54, "ä" * 27])
def test_a_name_that_postgres_would_shorten_is_refused(run: Callable[..., Outcome], made: Path, name: str) -> None:
    refused(run("restore", made, "--into", name), "expected 1 to 53 bytes")


def test_two_restores_into_one_name(db: Db, dsn: str, run: Callable[..., Outcome], made: Path, new_name: str) -> None:
    working = f"restoring {new_name}"
    db.execute(sql.SQL("create database {}").format(sql.Identifier(working)))
    with psycopg.connect(make_conninfo(dsn, dbname=working)):
        refused(run("restore", made, "--into", new_name), f"Another restore into {new_name} is running.")
        assert working in databases(db)


def cut(made: Path) -> str:
    largest = max((made / "data").iterdir(), key=lambda path: path.stat().st_size)
    os.truncate(largest, largest.stat().st_size - 1)
    return f"{largest.name} is truncated or changed: nothing was restored."


def lose(made: Path) -> str:
    first = min((made / "data").glob("*.gz"))
    first.unlink()
    return f"{first.name} is missing: nothing was restored."


def spoil(made: Path) -> str:
    os.truncate(made / "manifest.json", 100)
    return "manifest.json is damaged"


def forget(made: Path) -> str:
    (made / "manifest.json").unlink()
    return "is not a dump: expected a folder with manifest.json"


def replace(made: Path) -> str:
    shutil.rmtree(made)
    made.write_text("a file")
    return "is not a dump"


@pytest.mark.parametrize("damage", [cut, lose, spoil, forget, replace])
def test_a_damaged_dump_is_refused_before_anything_is_made(
    db: Db, run: Callable[..., Outcome], made: Path, new_name: str, damage: Callable[[Path], str]
) -> None:
    words, before = damage(made), databases(db)
    refused(run("restore", made, "--into", new_name), words)
    assert databases(db) == before


def test_a_wrong_number_of_rows_is_an_error_and_leaves_no_database(
    db: Db, run: Callable[..., Outcome], made: Path, new_name: str
) -> None:
    manifest = json.loads((made / "manifest.json").read_text())
    manifest["tables"]["core.tenant"] = 3
    (made / "manifest.json").write_text(json.dumps(manifest))
    refused(run("restore", made, "--into", new_name), "core.tenant: expected 3 rows, found 2")
    assert not {new_name, f"restoring {new_name}"} & databases(db)


def test_a_missing_superuser_is_named_before_the_restore(
    db: Db, run: Callable[..., Outcome], made: Path, new_name: str
) -> None:
    manifest = json.loads((made / "manifest.json").read_text())
    manifest["superusers"].append("absent_admin")
    (made / "manifest.json").write_text(json.dumps(manifest))
    refused(run("restore", made, "--into", new_name), "the superuser absent_admin, which does not exist")


def test_only_a_superuser_dumps_and_restores(
    run: Callable[..., Outcome], make_login: Callable[..., str], made: Path, tmp_path: Path
) -> None:
    owner = make_login("stanchion_owner")
    refused(run("dump", "--out", tmp_path / "other", url=owner), "is not a superuser")
    refused(run("restore", made, "--into", "other", url=owner), "is not a superuser")
    assert not (tmp_path / "other").exists()


def test_an_existing_name_is_never_replaced(run: Callable[..., Outcome], made: Path) -> None:
    before = (made / "manifest.json").read_bytes()
    refused(run("dump", "--out", made), f"{made} exists already")
    assert (made / "manifest.json").read_bytes() == before


def test_a_folder_that_cannot_be_written_is_one_sentence(run: Callable[..., Outcome], tmp_path: Path) -> None:
    refused(run("dump", "--out", tmp_path / "none" / "dump"), "No such file or directory")


def test_a_database_without_stanchion_has_nothing_to_dump(empty_dsn: str, tmp_path: Path) -> None:
    outcome = call_stanchion("dump", "--out", str(tmp_path / "dump"), database_url=empty_dsn)
    refused(outcome, "Stanchion is not deployed")


def dumping(dsn: str, out: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [PROGRAM, "dump", "--out", out], env=os.environ | {"DATABASE_URL": dsn}, stderr=subprocess.PIPE, text=True
    )


def wait_until(condition: Callable[[], Any]) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("the condition is not true after 30 s")


WAITING = """
    select from pg_stat_activity
    where application_name = 'pg_dump' and datname = current_database() and wait_event_type = 'Lock'
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_dump_leaves_nothing_under_its_name(
    db: Db, dsn: str, run: Callable[..., Outcome], tmp_path: Path, number: int
) -> None:
    out = tmp_path / "dump"
    with psycopg.connect(dsn) as blocker:
        # pg_dump locks the parents of partitions too; the count of rows does not
        blocker.execute("lock table only core.event in access exclusive mode")
        process = dumping(dsn, out)
        wait_until(lambda: db.execute(WAITING).rowcount)
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
        assert "Traceback" not in err
    assert process.returncode != 0
    assert not out.exists()
    if number == signal.SIGINT:
        assert list(tmp_path.iterdir()) == []
    ended = "select from pg_stat_activity where application_name = 'pg_dump' and datname = current_database()"
    wait_until(lambda: not db.execute(ended).rowcount)
    assert run("dump", "--out", out).code == 0


def test_two_dumps_into_one_name(db: Db, dsn: str, tmp_path: Path) -> None:
    processes = [dumping(dsn, tmp_path / "dump") for _ in range(2)]
    errors = [process.communicate(timeout=60)[1] for process in processes]
    assert sorted(process.returncode for process in processes) == [0, 1]
    assert any("exists already" in err or "was made by another program" in err for err in errors)
    assert [path.name for path in tmp_path.iterdir()] == ["dump"]

"""An analyst reads exactly the granted tenants, from the grant until the revoke."""

import json
import os
import re
import shlex
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from stanchion.access.revoking import Ended, end_sessions_of
from tests.conftest import Outcome
from tests.program import call_stanchion

LOGIN = "alex_the_analyst"


@pytest.fixture
def stanchion(dsn: str) -> Callable[..., Outcome]:
    """Return a function that runs a command in this process, on the database of the fixture db."""
    return lambda *args: call_stanchion(*args, database_url=dsn)


@pytest.fixture
def analyst(
    db: psycopg.Connection[Any], dsn: str, tenants: dict[str, str], stanchion: Callable[..., Any]
) -> Iterator[str]:
    """Yield the connection string of an analyst of the tenant "ours"."""
    made = json.loads(stanchion("analyst", "add", LOGIN, "--tenant", "ours", "--json").out)
    yield make_conninfo(dsn, user=LOGIN, password=made["password"])
    if db.execute("select to_regrole(%s) is not null", [LOGIN]).fetchone()[0]:
        db.execute(f"drop role {LOGIN}")


def names(login: str) -> list[str]:
    with psycopg.connect(login, autocommit=True) as conn:
        return [row[0] for row in conn.execute("select name from core.tenant order by name")]


def test_analyst_reads_granted_tenants_only(analyst: str, stanchion: Callable[..., Any]) -> None:
    assert names(analyst) == ["ours"]
    again = stanchion("analyst", "add", LOGIN, "--tenant", "theirs")
    assert again.code == 0
    assert "Password" not in again.out
    assert names(analyst) == ["ours", "theirs"]


def test_settings_do_not_change_the_readable_tenants(analyst: str, tenants: dict[str, str]) -> None:
    theirs = tenants["theirs"]
    claims = json.dumps({"app_metadata": {"tenant_id": theirs}})
    with psycopg.connect(analyst, autocommit=True) as conn:
        for trick in (
            f"set app.tenant_id = '{theirs}'",
            f"select set_config('request.jwt.claims', '{claims}', false)",
            "reset all",
            "set search_path = pg_temp, core",
            "set session characteristics as transaction read write",
            "set default_transaction_read_only = off",
        ):
            conn.execute(trick)
            assert conn.execute("select name from core.tenant").fetchall() == [("ours",)], trick
        for refused in (
            "set role stanchion_owner",
            "set role stanchion_app",
            "set session authorization postgres",
            f"select core.set_context('{claims}')",
            "select * from core.analyst_grant",
            "explain analyze select 1 from core.tenant where slug = 'theirs'",
            "insert into core.analyst_grant (role_name, tenant_id) select session_user, gen_random_uuid()",
            "select * from parts.core__audit_log__20300101",
        ):
            with pytest.raises(psycopg.Error):
                conn.execute(refused)


@pytest.mark.parametrize(
    ("before", "read"),
    [
        (["begin isolation level repeatable read"], "select name from core.tenant"),
        (["begin", "declare open cursor for select name from core.tenant"], "fetch all from open"),
        (["declare kept cursor with hold for select name from core.tenant"], "fetch all from kept"),
        ([], "select name from core.tenant"),
    ],
    ids=["repeatable read", "open cursor", "cursor with hold", "no transaction"],
)
def test_revoke_ends_the_sessions_of_the_login(
    before: list[str], read: str, analyst: str, stanchion: Callable[..., Any]
) -> None:
    stanchion("analyst", "add", LOGIN, "--tenant", "theirs")
    with psycopg.connect(analyst, autocommit=True) as conn:
        for statement in before:
            conn.execute(statement)
        if "cursor" not in "".join(before):
            assert len(conn.execute(read).fetchall()) == 2
        done = stanchion("analyst", "revoke", LOGIN, "--tenant", "theirs")
        assert (done.code, done.out) == (
            0,
            f"{LOGIN} no longer reads theirs. Open sessions that were ended: 1.\n",
        )
        with pytest.raises(psycopg.OperationalError):
            conn.execute(read)
    assert names(analyst) == ["ours"]


def test_sessions_without_the_right_to_end_them_are_named(analyst: str, make_login: Callable[..., str]) -> None:
    with psycopg.connect(analyst) as reading, psycopg.connect(make_login("stanchion_app"), autocommit=True) as conn:
        ended = end_sessions_of(conn, LOGIN)
        assert ended == Ended(0, (reading.info.backend_pid,))
        assert f"Sessions still read until their transactions end: {reading.info.backend_pid}." in str(ended)
        reading.execute("select 1")


def test_suspended_tenant_is_not_readable(analyst: str, stanchion: Callable[..., Any]) -> None:
    stanchion("tenant", "suspend", "ours")
    assert names(analyst) == []
    stanchion("tenant", "resume", "ours")
    assert names(analyst) == ["ours"]


def test_last_revoke_drops_a_connected_login(
    analyst: str, db: psycopg.Connection[Any], stanchion: Callable[..., Any]
) -> None:
    with psycopg.connect(analyst, autocommit=True) as conn:
        assert stanchion("analyst", "revoke", LOGIN, "--yes").code == 0
        with pytest.raises(psycopg.OperationalError):
            conn.execute("select 1")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(analyst)
    assert db.execute("select count(*) from core.analyst_grant").fetchone() == (0,)


def test_objects_of_a_login_do_not_prevent_its_drop(
    analyst: str, db: psycopg.Connection[Any], stanchion: Callable[..., Any]
) -> None:
    with psycopg.connect(analyst, autocommit=True) as conn:
        conn.execute("set default_transaction_read_only = off")
        conn.execute("create temporary table mine (n integer)")
        conn.execute("alter default privileges grant select on tables to public")
        assert stanchion("analyst", "revoke", LOGIN, "--yes").code == 0
    assert db.execute("select to_regrole(%s)", [LOGIN]).fetchone() == (None,)


def test_manually_recreated_login_reads_nothing(db: psycopg.Connection[Any], dsn: str, analyst: str) -> None:
    db.execute(f"drop role {LOGIN}")
    db.execute(f"create role {LOGIN} login password 'x' in role stanchion_analyst")
    assert names(make_conninfo(dsn, user=LOGIN, password="x")) == []


def test_new_login_of_the_same_name_has_no_old_grants(
    db: psycopg.Connection[Any], analyst: str, stanchion: Callable[..., Any], dsn: str
) -> None:
    stanchion("analyst", "add", LOGIN, "--tenant", "theirs")
    db.execute(f"drop role {LOGIN}")  # a manual drop leaves the grants
    assert f"{LOGIN} has grants for 2 tenants, but that login was dropped" in stanchion("doctor").out
    made = json.loads(stanchion("analyst", "add", LOGIN, "--tenant", "theirs", "--json").out)
    assert names(make_conninfo(dsn, user=LOGIN, password=made["password"])) == ["theirs"]


def test_role_with_more_rights_cannot_become_an_analyst(tenants: dict[str, str], stanchion: Callable[..., Any]) -> None:
    outcome = stanchion("analyst", "add", "postgres", "--tenant", "ours")
    assert outcome.code == 1
    assert "is not only an analyst" in outcome.err


def test_analyst_sessions_have_their_default_settings(analyst: str, stanchion: Callable[..., Any]) -> None:
    with psycopg.connect(analyst, autocommit=True) as conn:
        for setting, text in {
            "statement_timeout": "1min",
            "plan_cache_mode": "force_custom_plan",
            "enable_mergejoin": "off",
            "TimeZone": "UTC",
            "default_transaction_read_only": "on",
        }.items():
            assert conn.execute("select current_setting(%s)", [setting]).fetchone() == (text,)
    assert "no statement_timeout" not in stanchion("doctor").out


def test_password_is_sent_as_a_verifier(db: psycopg.Connection[Any], analyst: str) -> None:
    stored = db.execute("select rolpassword from pg_authid where rolname = %s", [LOGIN]).fetchone()[0]
    assert stored.startswith("SCRAM-SHA-256$")


def test_the_printed_command_opens_psql(
    db: Any, dsn: str, tenants: dict[str, str], stanchion: Any, cluster: Any
) -> None:
    out = stanchion("analyst", "add", LOGIN, "--tenant", "ours").out
    try:
        password = re.search(r"Password, shown this once: (\S+)", out)
        command = re.search(r"^Connect with: (psql .+)$", out, re.MULTILINE)
        assert password and command
        assert password[1] not in command[1], "a list of processes shows the arguments of a command"
        env = os.environ | {"PGPASSWORD": password[1], "PATH": f"{cluster.bindir}:{os.environ['PATH']}"}
        statement = "select name from core.tenant; show search_path"
        done = subprocess.run([*shlex.split(command[1]), "-Atc", statement], env=env, capture_output=True, text=True)
        assert (done.stdout.split(), done.stderr) == (["ours", "marts"], "")
    finally:
        db.execute(f"drop role if exists {LOGIN}")


def test_json_contains_the_address_and_a_url_that_connects(analyst: str, dsn: str, stanchion: Any) -> None:
    other = f"{LOGIN}@\N{LATIN SMALL LETTER E WITH ACUTE}/2"  # characters with a meaning in a URL
    made = json.loads(stanchion("analyst", "add", other, "--tenant", "ours", "--json").out)
    try:
        assert names(made["url"]) == ["ours"]
        again = json.loads(stanchion("analyst", "add", other, "--tenant", "ours", "--json").out)
    finally:
        stanchion("analyst", "revoke", other, "--yes")
    given = conninfo_to_dict(dsn)
    assert (made["host"], str(made["port"]), made["database"]) == (given["host"], given["port"], given["dbname"])
    assert (again["password"], again["url"]) == (None, made["url"].replace(f":{quote(made['password'])}@", "@"))


def test_files_for_tools_connect_and_are_private(db: Any, tenants: Any, stanchion: Any, tmp_path: Path) -> None:
    pgpass, env = tmp_path / "pgpass", tmp_path / ".env"
    pgpass.write_text("other:5432:db:somebody:secret\n")
    pgpass.chmod(0o644)
    for _ in range(2):  # the second login of the same name has another password
        stanchion("analyst", "add", LOGIN, "--tenant", "ours", "--pgpass", str(pgpass), "--env", str(env))
        variables = dict(line.split("=", 1) for line in shlex.split(env.read_text()))
        keys = {"PGHOST": "host", "PGPORT": "port", "PGDATABASE": "dbname", "PGUSER": "user"}
        place = {keys[name]: text for name, text in variables.items() if name in keys}
        try:
            assert names(make_conninfo("", **place, password=variables["PGPASSWORD"])) == ["ours"]
            assert names(make_conninfo("", **place, passfile=str(pgpass))) == ["ours"]
        finally:
            assert stanchion("analyst", "revoke", LOGIN, "--yes").code == 0
    assert [stat.S_IMODE(file.stat().st_mode) for file in (pgpass, env)] == [0o600, 0o600]
    lines = pgpass.read_text().splitlines()
    assert len(lines) == 2
    assert lines[1] == "other:5432:db:somebody:secret"


def test_no_file_is_promised_for_a_login_that_exists(analyst: str, stanchion: Any, tmp_path: Path) -> None:
    done = stanchion("analyst", "add", LOGIN, "--tenant", "theirs", "--env", str(tmp_path / "env"))
    assert done.code == 1
    assert "its password is not stored" in done.err
    assert names(analyst) == ["ours"]
    assert list(tmp_path.iterdir()) == []


def test_no_login_is_made_when_its_file_cannot_be_written(
    db: Any, tenants: Any, stanchion: Any, tmp_path: Path
) -> None:
    for file in (tmp_path, tmp_path / "none" / "env"):
        done = stanchion("analyst", "add", LOGIN, "--tenant", "ours", "--env", str(file))
        assert done.code == 1
        assert str(file) in done.err
        assert db.execute("select to_regrole(%s)", [LOGIN]).fetchone() == (None,)

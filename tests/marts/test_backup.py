"""A restored database has the catalog, marts, grants and consumer positions of the backup."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from stanchion.access.analysts import add_analyst, revoke_analyst
from stanchion.marts import is_current
from stanchion.server.binaries import library_path
from tests.audit.test_isolation import attack_only as attack_only
from tests.audit.test_isolation import whole_or_part
from tests.conftest import Cluster
from tests.html import Page
from tests.marts.platform import NAME, Platform
from tests.program import call_stanchion
from tests.replicas.conftest import copy_of_suite, new_server

Reader = psycopg.Connection[Any]

APPEND = 'select core.append_events(\'game\', %s, null, \'[{"type": "a"}, {"type": "b"}]\')'


@contextmanager
def acting(conn: Reader, tenant: Any) -> Iterator[None]:
    with conn.transaction():
        conn.execute("select set_config('app.tenant_id', %s, true)", [str(tenant)])
        yield


def polled(conn: Reader, tenant: Any, consumer: str, limit: int = 1000) -> list[tuple[str, int]]:
    with acting(conn, tenant):
        rows = conn.execute("select stream_id, version from core.poll_events(%s, %s)", [consumer, limit])
        return [(stream, version) for stream, version in rows]


@dataclass
class Source:
    """A platform with an analyst and events that two consumers have read up to different positions."""

    built: Platform
    tenant: Any
    dsn: str
    analyst: tuple[str, str]
    unread: dict[str, set[tuple[str, int]]]

    def page(self, dsn: str, folder: Path) -> str:
        out = folder / "report.html"
        outcome = call_stanchion("report", "--tenant", "ours", "--out", str(out), database_url=dsn)
        assert outcome.code == 0, outcome.err
        return re.sub(r"Written by .*|as of .* UTC", "", Page(out.read_text()).text)  # times of reports and builds


@pytest.fixture
def source(built: Platform) -> Iterator[Source]:
    conn, dsn = built.conn, built.server.dsn
    (tenant,) = [row["tenant_id"] for row in built.rows("select tenant_id from core.tenant where slug = 'ours'")]
    before = set(polled(conn, tenant, "half"))  # events of the sample competition
    assert set(polled(conn, tenant, "whole")) == before
    with psycopg.connect(dsn) as slow, psycopg.connect(dsn) as other:
        slow.execute("select set_config('app.tenant_id', %s, true)", [str(tenant)])
        slow.execute(APPEND, ["late"])  # an older transaction that commits after younger ones
        for stream in ("one", "two"):
            with acting(other, tenant):
                other.execute(APPEND, [stream])
            other.commit()
        slow.commit()
    appended = {(stream, version) for stream in ("late", "one", "two") for version in (1, 2)}
    # one consumer has read some events, in order of transactions and not of positions; the other has read all
    read = set(polled(conn, tenant, "half", 3))
    assert set(polled(conn, tenant, "whole")) == appended
    with acting(conn, tenant):
        conn.execute(APPEND, ["one"])
    unread = {("one", 3), ("one", 4)}
    password = add_analyst(conn, "restored_reader", ["ours"])
    try:
        yield Source(built, tenant, dsn, ("restored_reader", str(password)), {
            "half": (appended - read) | unread, "whole": unread, "new": before | appended | unread,
        })  # fmt: skip
    finally:
        revoke_analyst(conn, "restored_reader", [])


def tool(bindir: Path, name: str, *args: str, env: dict[str, str], stdin: bytes | None = None) -> bytes:
    done = subprocess.run(
        [bindir / name, *args], env=env | library_path(bindir), input=stdin, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def check(source: Source, dsn: str, tmp_path: Path, *commands: str) -> None:
    """Check that the restored database equals the source, and that the commands succeed."""
    for command in ("verify", *commands):
        outcome = call_stanchion(command, database_url=dsn)
        assert outcome.code == 0, outcome.out + outcome.err
    assert source.page(dsn, tmp_path) == source.page(source.dsn, tmp_path)
    login, password = source.analyst
    with psycopg.connect(make_conninfo(dsn, user=login, password=password)) as reader:
        assert reader.execute("select name from core.tenant").fetchall() == [("Ours",)]
        assert reader.execute("select count(*) > 0 from marts.standings").fetchone() == (True,)
    with psycopg.connect(dsn, autocommit=True) as conn:
        with acting(conn, source.tenant):
            conn.execute(APPEND, ["two"])
        fresh = {("two", 3), ("two", 4)}
        for consumer, unread in source.unread.items():
            got = polled(conn, source.tenant, consumer)
            assert len(got) == len(set(got))
            assert set(got) == unread | fresh, consumer
            for stream in ("late", "one", "two"):
                versions = [version for name, version in got if name == stream]
                assert versions == sorted(versions)


@pytest.mark.long
@pytest.mark.slow
@whole_or_part
def test_a_restored_dump_is_complete_after_repair(
    everything: bool, source: Source, cluster: Cluster, tmp_path: Path, attack_only: Callable[..., None]
) -> None:
    for table in ("event", "event_stream", "consumer"):  # like a server that has been in use for years
        source.built.conn.execute(
            f"update core.{table} set transaction_id = (transaction_id::text::bigint + 4000000000)::text::xid8"
        )
    old = {"PGHOST": cluster.host, "PGPORT": str(cluster.port), "PGUSER": cluster.user, "PGPASSWORD": cluster.password}
    roles = tool(cluster.bindir, "pg_dumpall", "--roles-only", env=old)
    tool(cluster.bindir, "pg_dump", "--format=custom", f"--file={tmp_path}/dump", NAME, env=old)
    with new_server(cluster) as server, server:
        new = server.environment("postgres")
        password = new["PGPASSWORD"]
        tool(cluster.bindir, "psql", "-X", "-q", env=new, stdin=roles)  # its superuser already exists
        with psycopg.connect(make_conninfo(server.dsn("postgres"), password=cluster.password), autocommit=True) as conn:
            conn.execute(f"alter role postgres password '{password}'")  # the dump replaced it
        tool(
            cluster.bindir,
            "pg_restore",
            "--create",
            "--exit-on-error",
            "--enable-row-security",
            "-d",
            "postgres",
            f"{tmp_path}/dump",
            env=new,
        )
        dsn = server.dsn(NAME)

        doctor = call_stanchion("doctor", database_url=dsn)
        assert "refer to transactions of another server" in doctor.out
        assert "restored_reader has grants for 1 tenants" in doctor.out
        asked = call_stanchion("after-restore", database_url=dsn)
        assert asked.code == 1
        assert "restored_reader reads ours? Standard input is not a terminal; add --yes to answer yes." in asked.err
        mended = call_stanchion("after-restore", "--yes", database_url=dsn)
        assert mended.code == 0, mended.err
        events = source.built.rows("select count(*) as n from core.event")[0]["n"]
        assert f"{events} events now carry transaction ids of this server; no consumer misses one." in mended.out
        assert "restored_reader reads ours again." in mended.out
        assert "Nothing to repair" in call_stanchion("after-restore", database_url=dsn).out
        assert "stanchion after-restore" not in call_stanchion("doctor", database_url=dsn).out
        # policies and grants were created again, unlike in a copy of the data directory; verify leaves out the marts
        if not everything:
            attack_only("marts.")
        audited = call_stanchion("audit", database_url=dsn)
        assert audited.code == 0, audited.out + audited.err
        check(source, dsn, tmp_path, "build")


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize(
    "commands",
    [
        pytest.param([], id="current marts"),
        pytest.param(["build"], id="another build", marks=pytest.mark.exhaustive),  # test_a_restored_dump has one too
    ],
)
def test_a_base_backup_needs_no_repair(commands: list[str], source: Source, cluster: Cluster, tmp_path: Path) -> None:
    with new_server(cluster) as server:
        copy_of_suite(cluster, server.home)
        with server:
            dsn = server.dsn(NAME)
            told = json.loads(call_stanchion("after-restore", "--json", database_url=dsn).out)
            assert told == {"events": 0, "regranted": [], "without_login": []}
            assert is_current(replace(source.built.server, dsn=dsn))
            check(source, dsn, tmp_path, *commands)


def test_only_a_superuser_repairs_and_no_namesake_gains(source: Source, tmp_path: Path) -> None:
    conn = source.built.conn
    conn.execute("create role namesake login in role stanchion_analyst")
    conn.execute("create role climber login in role stanchion_analyst, stanchion_owner")
    try:
        for login in ("namesake", "climber", "nobody_any_more"):
            conn.execute(
                "insert into core.analyst_grant (role_name, role_id, tenant_id) values (%s, 1, %s)",
                [login, source.tenant],
            )
        outcome = call_stanchion("after-restore", "--yes", "--json", database_url=source.dsn)
        told = json.loads(outcome.out)
        assert (told["regranted"], told["without_login"]) == (["namesake"], ["climber", "nobody_any_more"])
        conn.execute("alter role climber password 'climber'")
        climber = make_conninfo(source.dsn, user="climber", password="climber")
        refused = call_stanchion("after-restore", database_url=climber)
        assert refused.code == 1
        assert "climber is not a superuser, and only a superuser may change events" in refused.err
    finally:
        conn.execute("delete from core.analyst_grant where role_name <> 'restored_reader'")
        conn.execute("drop role namesake, climber")

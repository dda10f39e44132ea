"""A temporary server for the run, a deployed template database, and a new copy of the template for each test.

`--pg` chooses the server: 18 and 16 are embedded servers, 15 is Debian's, and citus is a cluster of three nodes
(tests/cluster). Tests that need no server run on 18 only.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from pytest_postgresql import factories

from stanchion.deploy.modules import discover
from stanchion.deploy.runner import deploy, plan_deploy
from stanchion.dev.pgtap.install import install
from stanchion.errors import StanchionError
from stanchion.partitions.ahead import make_due_partitions
from stanchion.paths import ROOT
from stanchion.server import binaries
from stanchion.server.embedded import Embedded
from stanchion.server.locate import LIBPQ_VARIABLES
from tests.sessions import Db

MEMORY, ROOM = Path("/dev/shm"), 8 * 2**30
_SERVER_VARIABLES = ("DATABASE_URL", "PGPASSWORD", *LIBPQ_VARIABLES)


pytest_plugins = [
    "tests.selection",
    "tests.hanging",
    "tests.cluster.leg",
    "tests.cluster.fixtures",
    "tests.marts.platform",
]

# a process in the background ignores SIGINT, and its children would inherit that
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--pg",
        choices=["15", "16", "18", "citus"],
        default="18",
        help="Server of the tests: a version of Postgres, or a Citus cluster (default: 18).",
    )


@pytest.fixture(autouse=True)
def _no_configured_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clear the environment variables that configure a server, so that no test uses the developer's server."""
    own = ("HOME", "PG_BINDIR", "BUILDER_DSN", "MARTS_DSN", "READ_DSN", "PROFILE", "CONFIG")
    for name in (*_SERVER_VARIABLES, *(f"STANCHION_{each}" for each in own)):
        monkeypatch.delenv(name, raising=False)


@dataclass(frozen=True)
class Cluster:
    """The attributes that pytest-postgresql reads of a server that it did not start."""

    host: str
    port: int
    user: str
    password: str
    bindir: Path
    options: str = ""
    dbname: str = "postgres"
    maintenance_dbname: str = "postgres"
    template_dbname: str = "template1"

    def dsn(self, database: str) -> str:
        return make_conninfo(host=self.host, port=self.port, user=self.user, password=self.password, dbname=database)


def open_folder(prefix: str) -> Path:
    """Make a temporary folder that other users, such as the server's, can enter.

    The folder is in memory when there is space. Even without fsync, a disk can need half a second to copy a database;
    memory needs a twentieth of that.
    """
    in_memory = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    in_memory = in_memory and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC  # a folder with a program must not be noexec
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=MEMORY if in_memory else None))
    folder.chmod(0o755)
    return folder


def _bindir(version: str) -> Path:
    if version != "15":
        return binaries.find_binaries(version)
    found = subprocess.run([ROOT / ".ci/debian-postgres", "--present"], stdout=subprocess.PIPE, text=True, check=False)
    if found.returncode:
        pytest.exit("Debian's Postgres 15 is not on this machine: run .ci/debian-postgres first.", returncode=3)
    return Path(found.stdout.strip())


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    if on_citus(request):
        yield request.getfixturevalue("home_of_all")
        return
    bindir = _bindir(request.config.getoption("--pg"))
    folder = open_folder("stanchion-suite-")
    server = Embedded(folder / "home", bindir=bindir, fast=True, settings={"max_connections": "200"})
    try:
        with server:
            env = server.environment()
            yield Cluster(env["PGHOST"], int(env["PGPORT"]), env["PGUSER"], env["PGPASSWORD"], bindir)
    finally:
        server.purge()
        shutil.rmtree(folder, ignore_errors=True)


def _deploy_all(**connection: Any) -> None:
    with psycopg.connect(**connection | {"autocommit": True}) as conn:
        deploy(conn, plan_deploy(conn, discover(ROOT)), lambda step: None)
        make_due_partitions(conn)


deployed = factories.postgresql_noproc(dbname="deployed", depends_on="cluster", load=[_deploy_all])
_copy_of_deployed = factories.postgresql("deployed", dbname="copy")
_empty = factories.postgresql_noproc(dbname="nothing", depends_on="cluster")
_copy_of_empty = factories.postgresql("_empty", dbname="empty")


def _autocommit(conn: Db) -> Db:
    conn.autocommit = True
    # privileges on a database are not copied with it
    if conn.execute("select to_regrole('stanchion_owner') is not null").fetchone()[0]:
        conn.execute(sql.SQL("grant create on database {} to stanchion_owner").format(sql.Identifier(conn.info.dbname)))
    return conn


@pytest.fixture
def db(request: pytest.FixtureRequest) -> Db:
    """Return a superuser's autocommit connection to a new copy of the deployed database."""
    if on_citus(request):
        return request.getfixturevalue("db_at_home")
    return _autocommit(request.getfixturevalue("_copy_of_deployed"))


@pytest.fixture
def dsn(db: Db, cluster: Cluster) -> str:
    """Return the connection string of the database of the fixture db."""
    return cluster.dsn(db.info.dbname)


@pytest.fixture
def empty_db(_copy_of_empty: Db) -> Db:
    """Return a superuser's autocommit connection to a new empty database."""
    return _autocommit(_copy_of_empty)


@pytest.fixture
def empty_dsn(empty_db: Db, cluster: Cluster) -> str:
    return cluster.dsn(empty_db.info.dbname)


def on_citus(request: pytest.FixtureRequest) -> bool:
    """Return whether the tests run on a Citus cluster."""
    return bool(request.config.getoption("--pg") == "citus")


@contextmanager
def copy_of_deployed(deployed: Any, cluster: Cluster, name: str) -> Iterator[str]:
    """Make a copy of the deployed database that several tests share, since a copy needs a third of a second."""
    with psycopg.connect(cluster.dsn("postgres"), autocommit=True) as conn:
        conn.execute(f"create database {name} template {deployed.template_dbname}")
        try:
            yield cluster.dsn(name)
        finally:
            conn.execute(f"drop database {name} with (force)")


@pytest.fixture(scope="session")
def shared_dsn(request: pytest.FixtureRequest, cluster: Cluster) -> Iterator[str]:
    """Return a deployed database for all tests that roll back their changes."""
    if on_citus(request):
        yield request.getfixturevalue("shared_home_dsn")
        return
    with copy_of_deployed(request.getfixturevalue("deployed"), cluster, "shared") as dsn:
        yield dsn


@pytest.fixture(scope="session")
def deployed_db(shared_dsn: str) -> Iterator[Db]:
    """Return a superuser's autocommit connection to the shared database, for transactions that are rolled back."""
    with psycopg.connect(shared_dsn, autocommit=True) as conn:
        yield conn


@pytest.fixture(scope="session")
def pgtap_dsn(shared_dsn: str) -> str:
    """Return the shared database with pgTAP. Each pgTAP file rolls back its changes."""
    try:
        install(shared_dsn)
    except StanchionError as e:
        pytest.skip(str(e))
    return shared_dsn


@pytest.fixture
def make_login(request: pytest.FixtureRequest, db: Db, cluster: Cluster) -> Iterator[Callable[..., str]]:
    """Return a function that creates a login with these roles and returns its connection string."""
    made: list[str] = []
    if on_citus(request):  # roles of a cluster are made on its coordinator
        yield lambda *roles: request.getfixturevalue("make_login_at_home")(*roles)
        return

    def make(*roles: str) -> str:
        name, password = f"login_{secrets.token_hex(4)}", secrets.token_hex(8)
        db.execute(f"create role {name} login password '{password}'")
        made.append(name)
        for role in roles:
            db.execute(f"grant {role} to {name}")
        return make_conninfo(cluster.dsn(db.info.dbname), user=name, password=password)

    yield make
    for name in made:
        db.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", [name])
        db.execute(f"drop owned by {name}")
        db.execute(f"drop role {name}")


@pytest.fixture
def login(tenants: dict[str, str], make_login: Callable[..., str]) -> str:
    """Make an application login whose sessions act for the tenant ours; return its connection string."""
    return make_conninfo(make_login("stanchion_app"), options=f"-c app.tenant_id={tenants['ours']}")


@pytest.fixture
def tenants(db: Db) -> dict[str, str]:
    """Create two tenants, ours and theirs; return their ids by slug."""
    made = {}
    for slug in ("ours", "theirs"):
        made[slug] = str(db.execute("select core.create_tenant(%s, %s, 'league')", [slug, slug]).fetchone()[0])
    return made


PROGRAM = Path(sys.executable).with_name("stanchion")


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture
def stanchion(dsn: str) -> Callable[..., Outcome]:
    """Return a function that runs the command line in its own process, on the database of the fixture db."""
    return lambda *args, **options: run_stanchion(*args, **({"database_url": dsn} | options))


def run_stanchion(
    *args: str,
    database_url: str | None = None,
    stdin: str = "",
    program: Path = PROGRAM,
    cwd: Path | None = None,
    **variables: str,
) -> Outcome:
    env = {name: text for name, text in os.environ.items() if name not in _SERVER_VARIABLES} | variables
    if database_url:
        env["DATABASE_URL"] = database_url
    done = subprocess.run([program, *args], input=stdin, capture_output=True, text=True, env=env, cwd=cwd)
    return Outcome(done.returncode, done.stdout, done.stderr)

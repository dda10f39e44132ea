"""One throw-away server for the run, one deployed template, and a fresh copy of it for each test.

`--pg` chooses the server: 18 and 16 are the embedded ones, 15 is Debian's. A run on another server than
18 leaves out what does not need a server, since the run on 18 has it.
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
from stanchion.deploy.runner import deploy, make_due_partitions, plan_deploy
from stanchion.dev.pgtap.install import install
from stanchion.errors import StanchionError
from stanchion.paths import ROOT
from stanchion.server import binaries
from stanchion.server.embedded import Embedded
from stanchion.server.locate import LIBPQ_VARIABLES

MEMORY, ROOM = Path("/dev/shm"), 8 * 2**30
_SERVER_VARIABLES = ("DATABASE_URL", "PGPASSWORD", *LIBPQ_VARIABLES)


pytest_plugins = ["tests.marts.platform"]  # leagues with marts, for whoever asks for them

# a suite that runs in the background ignores Ctrl-C, and so would its children
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pg", choices=["15", "16", "18"], default="18", help="The version of Postgres to test on.")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--pg") == "18":
        return
    servers = {"cluster", "db", "empty_db"}  # the latter two ask for the first only when they run
    serverless = [item for item in items if not servers & set(getattr(item, "fixturenames", ()))]
    config.hook.pytest_deselected(items=serverless)
    items[:] = [item for item in items if item not in serverless]


@pytest.fixture(autouse=True)
def _no_server_of_yours(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test never touches a server that the environment of its developer names."""
    for name in (*_SERVER_VARIABLES, "STANCHION_HOME", "STANCHION_PG_BINDIR"):
        monkeypatch.delenv(name, raising=False)


@dataclass(frozen=True)
class Cluster:
    """What pytest-postgresql wants to know of a server that it did not start."""

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
    """A temporary folder that other users may enter, as the server's user must.

    In memory where there is room: with fsync off a disk may still take half a second for the files of each copy of
    a database, and memory takes a twentieth of that.
    """
    in_memory = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    in_memory = in_memory and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC  # one of the folders is that of a program
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=MEMORY if in_memory else None))
    folder.chmod(0o755)
    return folder


def _bindir(version: str) -> Path:
    if version != "15":
        return binaries.find_binaries(version)
    found = subprocess.run([ROOT / ".ci" / "debian-postgres"], stdout=subprocess.PIPE, text=True, check=False)
    if found.returncode:
        pytest.exit("There is no Postgres 15 of Debian here; run the suite with --pg 18.", returncode=3)
    return Path(found.stdout.strip())


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
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


def _autocommit(conn: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    conn.autocommit = True
    # rights on a database are not copied with it
    if conn.execute("select to_regrole('stanchion_owner') is not null").fetchone()[0]:
        conn.execute(sql.SQL("grant create on database {} to stanchion_owner").format(sql.Identifier(conn.info.dbname)))
    return conn


@pytest.fixture
def db(_copy_of_deployed: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    """A superuser's autocommit connection to a fresh deployed database."""
    return _autocommit(_copy_of_deployed)


@pytest.fixture
def dsn(db: psycopg.Connection[Any], cluster: Cluster) -> str:
    """The fresh deployed database, for connections of one's own."""
    return cluster.dsn(db.info.dbname)


@pytest.fixture
def empty_db(_copy_of_empty: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    """A superuser's autocommit connection to a fresh database without anything."""
    return _autocommit(_copy_of_empty)


@pytest.fixture
def empty_dsn(empty_db: psycopg.Connection[Any], cluster: Cluster) -> str:
    return cluster.dsn(empty_db.info.dbname)


@contextmanager
def copy_of_deployed(deployed: Any, cluster: Cluster, name: str) -> Iterator[str]:
    """A deployed database that several tests share: a copy takes a third of a second."""
    with psycopg.connect(cluster.dsn("postgres"), autocommit=True) as conn:
        conn.execute(f"create database {name} template {deployed.template_dbname}")
        try:
            yield cluster.dsn(name)
        finally:
            conn.execute(f"drop database {name} with (force)")


@pytest.fixture(scope="session")
def shared_dsn(deployed: Any, cluster: Cluster) -> Iterator[str]:
    """One deployed database for all tests that roll back what they do."""
    with copy_of_deployed(deployed, cluster, "shared") as dsn:
        yield dsn


@pytest.fixture(scope="session")
def deployed_db(shared_dsn: str) -> Iterator[psycopg.Connection[Any]]:
    """A superuser's autocommit connection to it, for transactions that are rolled back."""
    with psycopg.connect(shared_dsn, autocommit=True) as conn:
        yield conn


@pytest.fixture(scope="session")
def pgtap_dsn(shared_dsn: str) -> str:
    """The same database with pgTAP in it: each pgTAP file rolls itself back."""
    try:
        install(shared_dsn)
    except StanchionError as e:
        pytest.skip(str(e))
    return shared_dsn


@pytest.fixture
def make_login(db: psycopg.Connection[Any], cluster: Cluster) -> Iterator[Callable[..., str]]:
    """Make a login that is a member of these roles; answers its connection string."""
    made: list[str] = []

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
def tenants(db: psycopg.Connection[Any]) -> dict[str, str]:
    """Two tenants, ours and theirs: slug to id."""
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
    """Run the command line as its users do, in a process of its own, on the fresh deployed database."""
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

"""A checkout to add modules to and to break, and the commands on it and on a new deployed database.

The checkout contains the modules of the schema core, which need no other schema, and the fixture db is a database with
these modules. Reading the catalog after each module takes most of the time of a later deploy, and takes four times as
long with all schemas.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from pytest_postgresql import factories

from stanchion.cli.main import main
from stanchion.deploy.modules import Module, discover
from stanchion.deploy.runner import RETRY, deploy, plan_deploy
from stanchion.partitions.ahead import make_due_partitions
from stanchion.paths import ROOT
from stanchion.server.locks import RetryPolicy
from tests.conftest import _autocommit, copy_of_deployed


@dataclass(frozen=True)
class Checkout:
    """A copy of the SQL of the project, as deployed in db. Files written into it are new modules."""

    root: Path

    def write(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def add(self, stem: str, deploy: str, revert: str) -> Path:
        """Write a versioned module of the schema core, such as 9001_gauge, and return its file."""
        self.write(f"sql/core/topic/{stem}.revert.sql", revert)
        return self.write(f"sql/core/topic/{stem}.sql", deploy)

    def add_table(self, name: str = "gauge", number: int = 9001) -> Path:
        return self.add(
            f"{number}_{name}",
            f"create table core.{name} (tenant_id uuid not null, reading integer);\n",
            f"drop table core.{name};\n",
        )

    def modules(self) -> list[Module]:
        return discover(self.root)

    def deploy(self, conn: psycopg.Connection[Any], retry: RetryPolicy = RETRY) -> None:
        deploy(conn, plan_deploy(conn, self.modules()), lambda _: None, retry)


@pytest.fixture
def checkout(tmp_path: Path, request: pytest.FixtureRequest) -> Checkout:
    """A checkout with the modules of core, or of the schema that a test chooses as the parameter of this fixture."""
    return copy_project(tmp_path, getattr(request, "param", "core"))


def copy_project(place: Path, schema: str = "*") -> Checkout:
    """Copy the modules of one schema (default: every schema)."""
    for pattern in (f"sql/{schema}/**/*.sql", f"policies/{schema}.*.sql", f"partitions/{schema}.*.sql"):
        for file in ROOT.glob(pattern):
            copy = place / file.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
    return Checkout(place)


def _deploy_core(**connection: Any) -> None:
    with tempfile.TemporaryDirectory() as place, psycopg.connect(**connection | {"autocommit": True}) as conn:
        copy_project(Path(place), "core").deploy(conn)
        make_due_partitions(conn)


core_deployed = factories.postgresql_noproc(dbname="core_deployed", depends_on="cluster", load=[_deploy_core])
_copy_of_core = factories.postgresql("core_deployed", dbname="core_copy")


@pytest.fixture
def db(_copy_of_core: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    """Return a superuser's autocommit connection to a new database with the modules of core."""
    return _autocommit(_copy_of_core)


@pytest.fixture(scope="module")
def shared_db(core_deployed: Any, cluster: Any) -> Iterator[psycopg.Connection[Any]]:
    """A database with the modules of core, for the tests of a file that leave nothing in it."""
    with (
        copy_of_deployed(core_deployed, cluster, "shared_by_a_file") as dsn,
        psycopg.connect(dsn, autocommit=True) as conn,
    ):
        yield conn


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def run(checkout: Checkout, dsn: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command of stanchion on the checkout and the new deployed database; it may not end in a traceback."""
    return _runner(checkout, dsn, monkeypatch)


@pytest.fixture
def run_on_empty(checkout: Checkout, empty_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    return _runner(checkout, empty_dsn, monkeypatch)


@pytest.fixture
def run_without_database(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> Run:
    return _runner(checkout, "postgresql://nobody@127.0.0.1:1/nothing", monkeypatch)


def _runner(checkout: Checkout, dsn: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr("stanchion.cli.database.ROOT", checkout.root)

    def run(*args: str, dsn: str = dsn) -> Said:
        result = CliRunner().invoke(main, ["--dsn", dsn, *args], catch_exceptions=False)
        return Said(result.exit_code, result.stdout, result.stderr)

    return run


def exists(conn: psycopg.Connection[Any], relation: str) -> bool:
    return bool(conn.execute("select to_regclass(%s) is not null", [relation]).fetchone()[0])  # type: ignore[index]


def ledger(conn: psycopg.Connection[Any]) -> dict[str, str]:
    """Module to state."""
    return dict(conn.execute("select name, state from core.module_ledger").fetchall())


def events(conn: psycopg.Connection[Any], name: str) -> list[str]:
    rows = conn.execute("select action from core.module_event where name = %s order by event_id", [name]).fetchall()
    return [action for (action,) in rows]


def wait_until(happened: Callable[[], bool], what: str) -> None:
    """Wait for an event. Only an event that never happens fails."""
    until = time.monotonic() + 120
    while not happened():
        assert time.monotonic() < until, f"this did not happen: {what}"
        time.sleep(0.01)

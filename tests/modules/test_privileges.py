"""A login with CREATEROLE that owns the database can deploy and revert everything; a superuser is not needed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from stanchion.deploy import catalog
from stanchion.deploy.modules import Module, discover
from stanchion.deploy.runner import deploy, plan_deploy, plan_revert, revert
from stanchion.errors import StanchionError
from stanchion.partitions.ahead import make_due_partitions
from stanchion.paths import ROOT
from stanchion.server.embedded import Embedded
from tests.conftest import open_folder

from .conftest import Checkout

pytestmark = pytest.mark.slow
ALL = discover(ROOT)


@pytest.fixture(scope="module")
def bare(cluster: Any) -> Iterator[Embedded]:
    """A server without any role of ours: the suite's own has those of its template."""
    folder = open_folder("stanchion-bare-")
    server = Embedded(folder / "home", bindir=cluster.bindir, fast=True)
    try:
        with server:
            yield server
    finally:
        server.purge()
        shutil.rmtree(folder, ignore_errors=True)


def open_as(bare: Embedded, login: str, database: str) -> psycopg.Connection[Any]:
    """Connect as a login that may make roles, which is made where needed, to a new database of its own."""
    with psycopg.connect(bare.dsn("postgres"), autocommit=True) as conn:
        if not conn.execute("select to_regrole(%s)", [login]).fetchone()[0]:
            conn.execute(f"create role {login} login createrole password 'x'")
        conn.execute(f"drop database if exists {database} with (force)")
        conn.execute(f"create database {database} owner {login}")
    return psycopg.connect(make_conninfo(bare.dsn(database), user=login, password="x"), autocommit=True)


def deploy_all(conn: psycopg.Connection[Any], modules: list[Module]) -> None:
    deploy(conn, plan_deploy(conn, modules), lambda _: None)
    make_due_partitions(conn)


def revert_all(conn: psycopg.Connection[Any]) -> None:
    revert(conn, plan_revert(conn, to="nothing", only=None), lambda _: None)


def roles(bare: Embedded) -> list[str]:
    with psycopg.connect(bare.dsn("postgres")) as conn:
        found = conn.execute("select rolname from pg_roles where rolname like 'stanchion%' order by 1").fetchall()
    return [name for (name,) in found]


@pytest.fixture(scope="module")
def first(bare: Embedded) -> Iterator[psycopg.Connection[Any]]:
    """A deployer's database with every module, the first database of the server."""
    with open_as(bare, "ada", "one") as conn:
        deploy_all(conn, ALL)
        yield conn


def test_a_deployer_creates_the_same_objects_as_a_superuser(
    first: psycopg.Connection[Any], deployed_db: psycopg.Connection[Any]
) -> None:
    assert catalog.compare(catalog.read_catalog(deployed_db), catalog.read_catalog(first)) == []
    with first.transaction(force_rollback=True):
        assert first.execute("select core.create_tenant('ours', 'Ours', 'league') is not null").fetchone() == (True,)


@pytest.mark.parametrize(
    ("checkout", "login"),
    [("core", "dan"), pytest.param("*", "eve", marks=pytest.mark.exhaustive)],
    indirect=["checkout"],
)
def test_a_second_deployer_needs_the_first_ones_leave(
    checkout: Checkout, login: str, first: psycopg.Connection[Any], bare: Embedded
) -> None:
    with open_as(bare, login, "second") as second:
        if bare.major != "15":  # on 15, a login with CREATEROLE may grant any role
            with pytest.raises(StanchionError, match=r"0001_ledger.sql:.*: permission denied to grant role"):
                deploy_all(second, checkout.modules())
        with psycopg.connect(bare.dsn("postgres"), autocommit=True) as superuser:
            superuser.execute(f"grant stanchion_owner, stanchion_builder to {login}")
        deploy_all(second, checkout.modules())
        assert catalog.drift(second) == []
        revert_all(second)
    assert len(roles(bare)) == 7
    assert catalog.drift(first) == []


@pytest.mark.parametrize("checkout", ["core", pytest.param("*", marks=pytest.mark.exhaustive)], indirect=True)
def test_two_databases_of_one_deployer_leave_no_role_behind(
    checkout: Checkout, first: psycopg.Connection[Any], bare: Embedded, db: psycopg.Connection[Any]
) -> None:
    """Last in this file: afterwards nothing is deployed."""
    deploy_all(first, ALL)  # does nothing unless this test has run before, with other modules
    with open_as(bare, "ada", "two") as two:
        deploy_all(two, checkout.modules())
        for conn in (first, two):
            assert catalog.drift(conn) == []
        same = first if len(checkout.modules()) == len(ALL) else db
        assert catalog.compare(catalog.read_catalog(same), catalog.read_catalog(two)) == []
        revert_all(first)
        assert catalog.drift(two) == []
        assert len(roles(bare)) == 7, "the second database needs them"
        revert_all(two)
        assert roles(bare) == []

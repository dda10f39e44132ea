"""Every module can be taken back: what the database was before it, it is again after its revert."""

import subprocess
from collections.abc import Iterable
from typing import Any

import psycopg
import pytest

from etl import catalog
from etl.binaries import library_path
from etl.deploy import deploy, plan_deploy, plan_revert, revert
from etl.modules import Module, discover
from etl.paths import ROOT

ALL = discover(ROOT)
Db = psycopg.Connection[Any]


def deploy_these(db: Db, modules: Iterable[Module]) -> None:
    deploy(db, plan_deploy(db, list(modules)), lambda step: None)


def take_back(db: Db, *, to: str | None = None, only: str | None = None) -> None:
    revert(db, plan_revert(db, to=to, only=only), lambda row: None)


def picture(cluster: Any, db: Db) -> tuple[str, str]:
    """The schema as pg_dump tells it and as our catalog does; partitions come and go with the day."""
    dumped = subprocess.run(
        [cluster.bindir / "pg_dump", "--schema-only", "--exclude-schema=parts*", cluster.dsn(db.info.dbname)],
        capture_output=True,
        text=True,
        check=True,
        env=library_path(cluster.bindir),
    ).stdout
    # each dump has a random word in these, against injection into psql
    lines = [line for line in dumped.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]
    return "\n".join(lines), catalog.read_catalog(db)


@pytest.mark.slow
def test_each_module_goes_and_comes_back(empty_db: Db, cluster: Any) -> None:
    before = picture(cluster, empty_db)
    for count, module in enumerate(ALL, 1):
        deploy_these(empty_db, ALL[:count])
        after = picture(cluster, empty_db)
        take_back(empty_db, only=module.name)
        assert picture(cluster, empty_db) == before, f"{module.name} leaves something"
        deploy_these(empty_db, ALL[:count])
        assert catalog.read_catalog(empty_db) == after[1], f"{module.name} differs the second time"
        before = after


@pytest.mark.slow
def test_everything_at_once_goes_and_comes_back(db: Db, cluster: Any) -> None:
    before = picture(cluster, db)
    take_back(db, to="nothing")
    assert db.execute("select nspname from pg_namespace where nspname in ('core', 'parts', 'marts')").fetchall() == []
    deploy_these(db, ALL)
    assert picture(cluster, db) == before


def test_the_committed_catalog_is_what_deploying_yields(db: Db) -> None:
    committed = (ROOT / "sql" / "catalog.txt").read_text(encoding="utf-8")
    differences = catalog.compare(committed, catalog.read_catalog(db))
    if differences:
        pytest.fail("run: make catalog\n" + "\n".join(differences), pytrace=False)

"""Every module can be taken back: what the database was before it, it is again after its revert."""

import subprocess
from typing import Any

import psycopg
import pytest

from etl import catalog
from etl.deploy import deploy, plan_deploy, plan_revert, revert
from etl.modules import discover
from etl.paths import ROOT

ALL = discover(ROOT)


def dump(cluster: Any, conn: psycopg.Connection[Any]) -> str:
    """The schema as pg_dump tells it, without the ledger's own changes, which are data."""
    from etl.binaries import library_path

    done = subprocess.run(
        [cluster.bindir / "pg_dump", "--schema-only", "--exclude-schema=parts*", cluster.dsn(conn.info.dbname)],
        capture_output=True,
        text=True,
        check=True,
        env=library_path(cluster.bindir),
    )
    return "\n".join(line for line in done.stdout.splitlines() if not line.startswith(("\\restrict", "\\unrestrict")))


def test_each_module_goes_and_comes_back(empty_db: psycopg.Connection[Any], cluster: Any) -> None:
    for module in ALL:
        before = dump(cluster, empty_db), catalog.read_catalog(empty_db)
        deploy(empty_db, plan_deploy(empty_db, [m for m in ALL if m.sort_key <= module.sort_key]), lambda step: None)
        after = dump(cluster, empty_db), catalog.read_catalog(empty_db)
        revert(empty_db, plan_revert(empty_db, to=None, only=module.name), lambda row: None)
        assert (dump(cluster, empty_db), catalog.read_catalog(empty_db)) == before, f"{module.name} leaves something"
        deploy(empty_db, plan_deploy(empty_db, [m for m in ALL if m.sort_key <= module.sort_key]), lambda step: None)
        assert (dump(cluster, empty_db), catalog.read_catalog(empty_db)) == after, f"{module.name} differs the second time"


def test_everything_at_once_goes_and_comes_back(db: psycopg.Connection[Any], cluster: Any) -> None:
    before = catalog.read_catalog(db)
    revert(db, plan_revert(db, to="nothing", only=None), lambda row: None)
    assert db.execute("select count(*) from pg_namespace where nspname in ('core', 'parts', 'marts')").fetchone() == (0,)
    deploy(db, plan_deploy(db, ALL), lambda step: None)
    assert catalog.read_catalog(db) == before


def test_the_committed_catalog_is_what_deploying_yields(db: psycopg.Connection[Any]) -> None:
    committed = (ROOT / "sql" / "catalog.txt").read_text(encoding="utf-8")
    differences = catalog.compare(committed, catalog.read_catalog(db))
    if differences:
        pytest.fail("run: make catalog\n" + "\n".join(differences), pytrace=False)

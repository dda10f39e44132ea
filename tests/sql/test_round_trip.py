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
DUMPED_EVERY = 20  # modules
Db = psycopg.Connection[Any]


def deploy_these(db: Db, modules: Iterable[Module]) -> None:
    deploy(db, plan_deploy(db, list(modules)), lambda step: None)


def take_back(db: Db, *, to: str | None = None, only: str | None = None) -> None:
    revert(db, plan_revert(db, to=to, only=only), lambda row: None)


def dump(cluster: Any, db: Db) -> list[str]:
    """The schema as pg_dump tells it, object by object; partitions come and go with the day.

    Sorted: what a materialized view reads is told before it, and else what was made first.
    """
    dumped = subprocess.run(
        [cluster.bindir / "pg_dump", "--schema-only", "--exclude-schema=parts*", cluster.dsn(db.info.dbname)],
        capture_output=True,
        text=True,
        check=True,
        env=library_path(cluster.bindir),
    ).stdout
    # each dump has a random word in the first two, against injection into psql; the others go by the order
    left_out = ("\\restrict", "\\unrestrict", "SET default_")
    told = "\n".join(line for line in dumped.splitlines() if line and not line.startswith(left_out))
    return sorted(told.split("\n--\n-- Name: "))


@pytest.mark.slow
def test_each_module_goes_and_comes_back(empty_db: Db, cluster: Any) -> None:
    """One by one up, down and up again; our catalog is asked each time, pg_dump, which takes longer, now and then."""
    catalogs, dumps = [catalog.read_catalog(empty_db)], {0: dump(cluster, empty_db)}
    for count in range(1, len(ALL) + 1):
        deploy_these(empty_db, ALL[:count])
        catalogs.append(catalog.read_catalog(empty_db))
        if count % DUMPED_EVERY == 0:
            dumps[count] = dump(cluster, empty_db)
    for count in reversed(range(len(ALL))):
        module = ALL[count].name
        take_back(empty_db, only=module)
        assert catalog.read_catalog(empty_db) == catalogs[count], f"{module} leaves something"
        if count in dumps:
            assert dump(cluster, empty_db) == dumps[count], f"{module} or one of the next leaves something"
    for count in range(1, len(ALL) + 1):
        deploy_these(empty_db, ALL[:count])
        assert catalog.read_catalog(empty_db) == catalogs[count], f"{ALL[count - 1].name} differs the second time"


@pytest.mark.slow
def test_everything_at_once_goes_and_comes_back(db: Db, cluster: Any) -> None:
    before = (dump(cluster, db), catalog.read_catalog(db))
    take_back(db, to="nothing")
    assert db.execute("select nspname from pg_namespace where nspname in ('core', 'parts', 'marts')").fetchall() == []
    deploy_these(db, ALL)
    assert (dump(cluster, db), catalog.read_catalog(db)) == before


def test_the_committed_catalog_is_what_deploying_yields(db: Db) -> None:
    committed = (ROOT / "sql" / "catalog.txt").read_text(encoding="utf-8")
    differences = catalog.compare(committed, catalog.read_catalog(db))
    if differences:
        pytest.fail("run: make catalog\n" + "\n".join(differences), pytrace=False)

"""Every module can be taken back: what the database was before it, it is again after its revert."""

import subprocess
from itertools import groupby
from typing import Any

import psycopg
import pytest

from stanchion.deploy import catalog
from stanchion.deploy.modules import discover
from stanchion.deploy.runner import deploy, plan_deploy, plan_revert, revert
from stanchion.paths import ROOT
from stanchion.server.binaries import library_path
from stanchion.server.connection import is_deployed, value

ALL = discover(ROOT)
DUMPED_EVERY = 20  # modules
Db = psycopg.Connection[Any]


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


def recorded(db: Db) -> str:
    """The catalog as the last step told it, in its own transaction: to tell it again would take as long as the step."""
    if not is_deployed(db):
        return catalog.read_catalog(db)
    return str(value(db, "select catalog from core.catalog_record"))


@pytest.mark.slow
def test_each_module_goes_and_comes_back(empty_db: Db, cluster: Any) -> None:
    """One by one up, down and up again; our catalog is compared each time, the dump, which takes long, now and then."""
    catalogs, dumps = [recorded(empty_db)], {0: dump(cluster, empty_db)}
    for count, step in enumerate(plan_deploy(empty_db, ALL), 1):
        deploy(empty_db, [step], lambda _: None)
        catalogs.append(recorded(empty_db))
        if count % DUMPED_EVERY == 0:
            dumps[count] = dump(cluster, empty_db)
    assert len(catalogs) == len(ALL) + 1
    assert catalog.drift(empty_db) == []
    for count, row in zip(reversed(range(len(ALL))), plan_revert(empty_db, to="nothing", only=None), strict=True):
        revert(empty_db, [row], lambda _: None)
        assert recorded(empty_db) == catalogs[count], f"{row.name} leaves something"
        if count in dumps:
            assert dump(cluster, empty_db) == dumps[count], f"{row.name} or one of the next leaves something"
    for count, step in enumerate(plan_deploy(empty_db, ALL), 1):
        deploy(empty_db, [step], lambda _: None)
        assert recorded(empty_db) == catalogs[count], f"{step.module.name} differs the second time"
    assert catalog.drift(empty_db) == []


@pytest.mark.slow
def test_everything_at_once_goes_and_comes_back(db: Db, cluster: Any) -> None:
    before = (dump(cluster, db), catalog.read_catalog(db))
    revert(db, plan_revert(db, to="nothing", only=None), lambda row: None)
    assert db.execute("select nspname from pg_namespace where nspname in ('core', 'parts', 'marts')").fetchall() == []
    deploy(db, plan_deploy(db, ALL), lambda step: None)
    assert (dump(cluster, db), catalog.read_catalog(db)) == before


def test_needs_are_declared_where_they_have_to_be(empty_db: Db) -> None:
    """The order of two modules is arbitrary unless one needs the other: the reverse of that order deploys as well."""
    by_place = groupby(
        ALL, key=lambda m: m.sort_key.rpartition(".")[0] if m.kind in ("function", "view") else m.sort_key
    )
    backwards = [module for _, modules in by_place for module in [*modules][::-1]]
    assert backwards != ALL
    deploy(empty_db, plan_deploy(empty_db, backwards), lambda step: None)
    committed = (ROOT / "sql" / "catalog.txt").read_text(encoding="utf-8")
    assert catalog.compare(committed, catalog.read_catalog(empty_db)) == []


def test_the_committed_catalog_is_what_deploying_yields(db: Db) -> None:
    committed = (ROOT / "sql" / "catalog.txt").read_text(encoding="utf-8")
    differences = catalog.compare(committed, catalog.read_catalog(db))
    if differences:
        pytest.fail("run: make catalog\n" + "\n".join(differences), pytrace=False)

"""Every module can be reverted: after its revert the database is the same as before its deploy."""

import subprocess
from itertools import groupby
from typing import Any

import pytest

from stanchion.deploy import catalog
from stanchion.deploy.modules import discover
from stanchion.deploy.runner import deploy, plan_deploy, plan_revert, revert
from stanchion.paths import ROOT
from stanchion.server.binaries import library_path
from stanchion.server.connection import is_deployed, value
from tests.sessions import Db

ALL = discover(ROOT)
DUMPED_EVERY = 20  # modules


def dump(cluster: Any, db: Db) -> list[str]:
    """Return the schema as pg_dump writes it, object by object, without partitions, which come and go with the day.

    Sorted, because pg_dump orders objects by dependency and then by creation.
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
    """Return the catalog record of the last step: reading the catalog again would take as long as the step."""
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

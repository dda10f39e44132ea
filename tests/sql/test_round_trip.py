"""Every module can be reverted: after its revert the database is the same as before its deploy."""

import subprocess
from itertools import groupby
from typing import Any

import pytest

from stanchion.deploy import catalog
from stanchion.deploy.modules import Deployed, Step, discover, has_directive
from stanchion.deploy.runner import deploy, plan_deploy, plan_revert, revert
from stanchion.deploy.script import run_script
from stanchion.paths import ROOT
from stanchion.server.binaries import library_path
from stanchion.server.connection import value
from tests.sessions import Db

ALL = discover(ROOT)


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
    """Return the catalog record of the last step: reading the catalog again would take as long as the step.

    A first deploy records the catalog only at its end.
    """
    if not catalog.is_recorded(db):
        return catalog.read_catalog(db)
    return str(value(db, "select catalog from core.catalog_record"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "dumped_every",  # this number of modules: a dump takes long
    [pytest.param(len(ALL), id="dumped at the ends"), pytest.param(20, id="dumped", marks=pytest.mark.exhaustive)],
)
def test_each_module_goes_and_comes_back(dumped_every: int, db: Db, cluster: Any) -> None:
    """Revert all modules from the last to the first and deploy them again: each step restores the earlier state."""
    before = catalog.read_catalog(db)
    states: dict[int, tuple[str, list[str] | None]] = {}  # by the number of deployed modules

    def state(deployed: int) -> tuple[str, list[str] | None]:
        is_dumped = deployed % dumped_every == 0 or deployed == len(ALL)
        return recorded(db), dump(cluster, db) if is_dumped else None

    def before_revert(_: Deployed) -> None:
        deployed = len(ALL) - len(states)
        states[deployed] = state(deployed)

    revert(db, plan_revert(db, to="nothing", only=None), before_revert)
    states[0] = state(0)
    assert list(states) == [*range(len(ALL), -1, -1)]
    assert db.execute("select nspname from pg_namespace where nspname in ('core', 'parts', 'marts')").fetchall() == []
    wrong: list[str] = []
    numbers = iter(range(len(ALL)))

    def before_deploy(step: Step) -> None:
        deployed = next(numbers)
        if state(deployed) != states[deployed]:
            differs = catalog.compare(states[deployed][0], recorded(db)) or ["the dump"]
            wrong.append(f"before {step.module.name}, which is module {deployed + 1}: {'; '.join(differs[:3])}")

    deploy(db, plan_deploy(db, ALL), before_deploy)
    assert wrong == [], "the revert of a module leaves something, or its second deploy differs from the first"
    assert state(len(ALL)) == states[len(ALL)]
    assert catalog.drift(db) == []
    assert catalog.read_catalog(db) == before


def test_needs_are_declared_where_they_have_to_be(empty_db: Db) -> None:
    """The order of two modules is arbitrary unless one needs the other: the reverse of that order deploys as well."""
    by_place = groupby(
        ALL, key=lambda m: m.sort_key.rpartition(".")[0] if m.kind in ("function", "view") else m.sort_key
    )
    backwards = [module for _, modules in by_place for module in [*modules][::-1]]
    assert backwards != ALL
    for module in backwards:  # without the ledger and the catalog record, which take most of the time of a deploy
        with empty_db.transaction():
            if not has_directive(module.text, "as-deployer"):
                empty_db.execute("set local role stanchion_owner")
            run_script(empty_db, module.path, module.text)
    committed = (ROOT / "sql" / "catalog.txt").read_text(encoding="utf-8")
    assert catalog.compare(committed, catalog.read_catalog(empty_db)) == []


def test_the_committed_catalog_is_what_deploying_yields(db: Db) -> None:
    committed = (ROOT / "sql" / "catalog.txt").read_text(encoding="utf-8")
    differences = catalog.compare(committed, catalog.read_catalog(db))
    if differences:
        pytest.fail("run: make catalog\n" + "\n".join(differences), pytrace=False)

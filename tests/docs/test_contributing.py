"""The recipes of CONTRIBUTING.md work: their modules deploy, obey the tenancy rules, pass their test and revert."""

import re
from pathlib import Path

import psycopg
import pytest

from stanchion.audit.rules import broken, rule_files
from stanchion.deploy import catalog
from stanchion.deploy.modules import discover
from stanchion.deploy.runner import deploy, plan_deploy, plan_revert, revert
from stanchion.deploy.scaffold import scaffold
from stanchion.dev.pgtap.install import install
from stanchion.dev.pgtap.runner import run
from stanchion.paths import ROOT
from tests.modules.conftest import copy_project

PAGE = ROOT / "CONTRIBUTING.md"
RECIPES = re.split(r"^### ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]


def sql_block(recipe: str) -> str | None:
    found = re.search(r"^ *```sql\n(.*?)^ *```$", recipe, re.MULTILINE | re.DOTALL)
    return re.sub(r"^ {3}", "", found[1], flags=re.MULTILINE) if found else None


def write_modules(place: Path) -> int:
    """Write the module of every `stanchion new` with the SQL of its recipe, or else with its placeholders."""
    written = 0
    for recipe in RECIPES:
        text = sql_block(recipe)
        for name in re.findall(r"`stanchion new ([^`]+)`", recipe):
            path = scaffold(place, name)
            written += 1
            if text:
                path.write_text(text, encoding="utf-8")
                text = None  # the other modules of the recipe keep their placeholders
    return written


def deploy_recipes(db: psycopg.Connection, place: Path) -> None:
    assert write_modules(copy_project(place).root) == 7
    deploy(db, plan_deploy(db, discover(place)), lambda _: None)


def findings(db: psycopg.Connection) -> list[str]:
    """Return the violations of the tenancy rules."""
    return [str(finding) for finding in broken(db, *rule_files())]


def test_every_recipe_works(db: psycopg.Connection, tmp_path: Path) -> None:
    before, allowed, deployed = catalog.read_catalog(db), findings(db), {module.name for module in discover(ROOT)}
    deploy_recipes(db, tmp_path)
    assert findings(db) == allowed
    for name in [row.name for row in plan_revert(db, to="nothing", only=None) if row.name not in deployed]:
        revert(db, plan_revert(db, to=None, only=name), lambda _: None)
    assert catalog.read_catalog(db) == before


@pytest.mark.usefixtures("pgtap_dsn")  # skips where pgTAP is missing
def test_example_test_of_the_page_passes(db: psycopg.Connection, dsn: str, tmp_path: Path) -> None:
    deploy_recipes(db, tmp_path)
    [text] = (text for recipe in RECIPES if (text := sql_block(recipe)) and "select plan(" in text)
    path = tmp_path / "award.test.sql"
    path.write_text(text, encoding="utf-8")
    install(dsn)
    outcome = run(path, dsn)
    assert outcome.ok, outcome.report()
    assert len(outcome.assertions) == 5

"""Every mutant of mutants.toml is found by its rule or by verify, and an unchanged database has no finding."""

import re
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from stanchion.audit.rules import broken, rule_files
from stanchion.deploy import catalog
from tests.conftest import Cluster, copy_of_deployed
from tests.sessions import Db

_TABLE = tomllib.loads((Path(__file__).parent / "mutants.toml").read_text(encoding="utf-8"))
MUTANTS: dict[str, dict[str, Any]] = _TABLE["mutant"]
HARMLESS: dict[str, dict[str, Any]] = _TABLE["harmless"]
_RULES = {path.stem: path for path in rule_files()}


@pytest.fixture(scope="module")
def target(deployed: Any, cluster: Cluster) -> Iterator[Db]:
    """A deployed database with logins, objects of another project, and two marts, for all mutants."""
    try:
        with copy_of_deployed(deployed, cluster, "mutated") as dsn, psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute(_TABLE["setup"])
            yield conn
    finally:
        with psycopg.connect(cluster.dsn("postgres"), autocommit=True) as server:
            for role in _TABLE["roles"]:
                server.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(role)))


def found(db: Db, check: str = "") -> list[str]:
    """Return the findings of one rule, of verify, or of all."""
    rules = [_RULES[check]] if check in _RULES else [] if check else _RULES.values()
    lines = [f"{finding.check}: {finding}" for finding in broken(db, *rules)]
    return lines + ([f"verify: {line}" for line in catalog.drift(db)] if check in ("", "verify") else [])


def test_an_unchanged_database_has_no_findings(target: Db) -> None:
    assert found(target) == []


@pytest.mark.parametrize("name", MUTANTS)
def test_mutant_is_named(name: str, target: Db) -> None:
    mutant = MUTANTS[name]
    if target.info.server_version // 10000 < mutant.get("since", 15):
        pytest.skip(f"Postgres {mutant['since']} introduced the statement")
    check, _, text = mutant["found_by"].partition(": ")
    lines = tried(target, mutant, check)
    assert any(line.startswith(f"{check}: ") and text in line for line in lines), lines


@pytest.mark.parametrize("name", HARMLESS)
def test_harmless_change_passes_every_check(name: str, target: Db) -> None:
    assert tried(target, HARMLESS[name]) == []


def tried(db: Db, change: dict[str, Any], check: str = "") -> list[str]:
    """Apply a change, return the findings of one check or of all, and undo the change."""
    if "undo" not in change:
        with db.transaction(force_rollback=True):
            db.execute(change["statement"])
            return found(db, check)
    try:
        db.execute(change["statement"])
        _reload(db)
        return found(db, check)
    finally:
        db.execute(change["undo"])
        _reload(db)


def _reload(db: Db) -> None:
    """Apply the settings of the server, and wait until this session has them."""
    before = db.execute("select pg_conf_load_time()").fetchone()
    db.execute("select pg_reload_conf()")
    until = time.monotonic() + 30
    while db.execute("select pg_conf_load_time()").fetchone() == before:
        assert time.monotonic() < until, "the server did not reload its settings"
        time.sleep(0.01)


def test_the_table_is_large_and_names_known_checks() -> None:
    assert len(MUTANTS) >= 120
    assert {mutant["found_by"].partition(":")[0] for mutant in MUTANTS.values()} <= {"verify", *_RULES}


@pytest.mark.parametrize("name", _RULES)
def test_rule_has_a_severity_and_a_remedy(name: str) -> None:
    head = _RULES[name].read_text(encoding="utf-8").partition("\n\n")[0]
    assert re.search(r"^-- severity: (critical|high|warning)\n-- remedy: \S.*$", head, re.MULTILINE)

"""A dbt project on top of Stanchion's adds a mart with the same policies."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from psycopg import sql

from stanchion.audit.rules import broken, rule_files
from stanchion.paths import ROOT
from tests.marts.platform import Platform

EXAMPLE = ROOT / "docs" / "examples" / "own_models"
MART = "marts.close_game_record"
Dbt = Callable[..., None]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the example that finds Stanchion's project where the tests run."""
    folder = tmp_path / "own_models"
    shutil.copytree(EXAMPLE, folder)
    (folder / "packages.yml").write_text(yaml.safe_dump({"packages": [{"local": str(ROOT)}]}))
    return folder


@pytest.fixture
def dbt(built: Platform, project: Path) -> Dbt:
    """Return a function that runs dbt in the project as the page describes."""
    places = ["--project-dir", str(project), "--profiles-dir", str(ROOT), "--log-path", str(project / "logs")]
    env = os.environ | built.server.environment() | {"DBT_TARGET_PATH": str(project / "target")}

    def run(*command: str) -> None:
        program = [str(Path(sys.executable).with_name("dbt")), *command, *places]
        done = subprocess.run(program, env=env, capture_output=True, text=True, cwd=project, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    run("deps")
    return run


def findings(platform: Platform) -> set[str]:
    return {finding.object for rule in rule_files() for finding in broken(platform.conn, rule)}


def read(conn: psycopg.Connection[Any]) -> set[tuple[Any, ...]]:
    return set(conn.execute(sql.SQL("select tenant_id, count(*) from {} group by 1").format(sql.SQL(MART))).fetchall())


@pytest.mark.slow
def test_own_models_have_the_policies_of_the_marts(built: Platform, dbt: Dbt, analyst: psycopg.Connection[Any]) -> None:
    before = built.digests()
    for _ in range(2):  # the second run replaces the table of the first
        dbt("build", "--select", "close_games")
        assert findings(built) == set()
        rows = dict(read(built.conn))
        assert len(rows) == 2
        (ours,) = built.rows("select tenant_id from core.tenant where slug = 'ours'")
        assert read(analyst) == {(ours["tenant_id"], rows[ours["tenant_id"]])}
    built.build()
    assert {name: digest for name, digest in built.digests().items() if name != MART} == before


@pytest.mark.slow
def test_the_doctor_reports_a_model_without_the_post_hook(
    built: Platform, project: Path, dbt: Dbt, analyst: psycopg.Connection[Any]
) -> None:
    settings = project / "dbt_project.yml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text("\n".join(line for line in text.splitlines() if "+post-hook" not in line))
    dbt("build", "--select", "close_games")
    assert MART in findings(built)
    assert len(read(analyst)) == 2, "the model must show two tenants, or the finding proves nothing"

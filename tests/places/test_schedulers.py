"""The projects of Dagster and Airflow in docs/places load a league, build its marts and write its site.

Both run here with their own programs, in environments that the tests install.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from stanchion.access.logins import create_login, drop_login
from stanchion.paths import ROOT
from tests.conftest import open_folder, run_stanchion
from tests.places.installed import Environment, build_wheel
from tests.provided import provide
from tests.sessions import Db

PLACES = ROOT / "docs" / "places"
HOSTILE = 'exports\' "$(touch injected)" ; touch injected #'

pytestmark = [pytest.mark.exhaustive, pytest.mark.long, pytest.mark.slow, pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Place:
    """A folder with the exports of a league, and the variables that the projects read."""

    folder: Path
    variables: dict[str, str]

    @property
    def exports(self) -> Path:
        return Path(self.variables["EXPORTS"])


@pytest.fixture
def place(db: Db, dsn: str, tenants: dict[str, str]) -> Iterator[Place]:
    folder = open_folder("stanchion-scheduler-")
    league = folder / "league"
    assert run_stanchion("sample", "--games", "4", "--out", str(league)).code == 0
    scheduled = run_stanchion(
        "games", "schedule", "load", str(league / "schedule.csv"), "--tenant", "ours", database_url=dsn
    )
    assert scheduled.code == 0, scheduled.err
    (league / "exports").rename(league / HOSTILE)
    password = create_login(db, "scheduled_builder", "stanchion_builder")
    variables = {
        "DATABASE_URL": dsn, "STANCHION_BUILDER_DSN": make_conninfo(dsn, user="scheduled_builder", password=password),
        "LEAGUE": "ours", "EXPORTS": str(league / HOSTILE), "SITE": str(folder / "site"),
        "DBT_TARGET_PATH": str(folder / "target"),
    }  # fmt: skip
    try:
        yield Place(folder, variables)
    finally:
        drop_login(db, "scheduled_builder")
        shutil.rmtree(folder, ignore_errors=True)


def check(place: Place, db: Db) -> None:
    page = (Path(place.variables["SITE"]) / "index.html").read_text()
    teams = [name for (name,) in db.execute("select distinct team_name from marts.standings").fetchall()]
    assert teams
    assert all(team in page for team in teams)
    assert not list(place.folder.rglob("injected"))


def test_dagster_loads_builds_and_writes_the_site(place: Place, db: Db) -> None:
    programs = Path(provide("python-packages", "tests/places/dagster.txt", "docs/places/dagster/requirements.txt"))
    environment = Environment(place.folder / "environment", place.variables | {"DAGSTER_HOME": str(place.folder)})
    environment.make()
    environment.install(build_wheel(place.folder), *programs.parent.glob("lib/python*/site-packages"))
    definitions = PLACES / "dagster" / "definitions.py"
    run = f"python -m dagster job execute -f '{definitions}' -j everything"
    done = environment.run(run, place.folder)
    assert done.returncode == 0, "\n".join(re.findall(r"Failure: (.*\n.*\n.*)", done.stderr))
    check(place, db)

    marts = db.execute(
        "select relname from pg_class where relnamespace = 'marts'::regnamespace and relkind in ('r', 'p', 'v')"
    )
    code = "import definitions, json; print(json.dumps([spec.key.path for spec in definitions.marts]))"
    listed = environment.run(f"python -c '{code}'", definitions.parent)
    assert sorted(json.loads(listed.stdout.splitlines()[-1])) == sorted(["marts", name] for (name,) in marts.fetchall())

    (place.exports / "damaged.json").write_text('{"events": [')
    failed = environment.run(run, place.folder)
    assert failed.returncode == 1
    assert "stanchion load failed" in failed.stderr + failed.stdout


@pytest.fixture
def airflow(place: Place, dsn: str) -> Callable[..., subprocess.CompletedProcess[str]]:
    programs = provide("python-packages", "docs/places/airflow/requirements.txt")
    models = shutil.copytree(ROOT / "docs" / "examples" / "own_models", place.folder / "own_models")
    (models / "packages.yml").write_text(yaml.safe_dump({"packages": [{"local": str(ROOT)}]}))
    builder = {name: str(text) for name, text in conninfo_to_dict(place.variables["STANCHION_BUILDER_DSN"]).items()}
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
    own = Path(sys.executable).parent
    env = os.environ | place.variables | {name: builder[key] for key, name in names.items()} | {
        "STANCHION_BIN": str(own), "STANCHION_ROOT": str(ROOT), "MODELS": str(models),
        "AIRFLOW_HOME": str(place.folder / "airflow"), "AIRFLOW__CORE__DAGS_FOLDER": str(PLACES / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False",
    }  # fmt: skip
    for command in ("deps", "parse"):
        dbt = [own / "dbt", command, "--profiles-dir", ROOT]
        subprocess.run(dbt, cwd=models, env=env | {"DBT_TARGET_PATH": "target"}, check=True, capture_output=True)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([f"{programs}/airflow", *arguments], env=env, capture_output=True, text=True)

    assert run("db", "migrate").returncode == 0
    return run


def test_airflow_loads_builds_and_writes_the_site(
    place: Place, db: Db, airflow: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = airflow("dags", "test", "league")
    assert "state=success" in done.stdout + done.stderr, done.stdout[-5000:] + done.stderr[-3000:]
    check(place, db)
    assert db.execute("select count(*) > 0 from marts.close_game_record").fetchone() == (True,)

    tasks = airflow("tasks", "list", "league").stdout
    assert {"build", "load", "site"} <= set(tasks.split())
    assert "models.close_game_record" in tasks
    assert "fact_team_game" not in tasks, "stanchion build builds the marts"

    (place.exports / "damaged.json").write_text('{"events": [')
    failed = airflow("dags", "test", "league")
    assert "state=failed" in failed.stdout + failed.stderr

"""A DAG of Airflow: load the exports of a league, build the marts and the league's own models, and write the site.

Stanchion is in an environment of its own, because Airflow pins other versions of the packages that dbt needs.
"""

import os
from datetime import datetime
from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG
from cosmos import DbtTaskGroup, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import InvocationMode, LoadMode

BIN = Path(os.environ["STANCHION_BIN"])  # the folder of stanchion and dbt
MODELS = Path(os.environ["MODELS"])  # a dbt project such as docs/examples/own_models
PROFILES = Path(os.environ["STANCHION_ROOT"], "profiles.yml")  # connects with the variables of libpq


def command(task: str, arguments: str) -> BashOperator:
    """Return a task that runs a command. Its arguments are variables of the shell, whose text is never executed."""
    return BashOperator(task_id=task, bash_command=f'"$STANCHION_BIN/stanchion" {arguments}')


with DAG("league", schedule="0 4 * * *", start_date=datetime(2026, 1, 1), catchup=False, max_active_runs=1):
    load = command("load", 'load "$EXPORTS" --tenant "$LEAGUE"')
    build = command("build", "build")
    models = DbtTaskGroup(
        group_id="models",
        project_config=ProjectConfig(MODELS, manifest_path=MODELS / "target" / "manifest.json"),
        profile_config=ProfileConfig("stanchion", "default", profiles_yml_filepath=PROFILES),
        execution_config=ExecutionConfig(dbt_executable_path=BIN / "dbt", invocation_mode=InvocationMode.SUBPROCESS),
        # the marts themselves are built by stanchion build, which computes only the games that changed
        render_config=RenderConfig(load_method=LoadMode.DBT_MANIFEST, exclude=["package:stanchion"]),
    )
    site = command("site", 'report --tenant "$LEAGUE" --out "$SITE"')
    load >> build >> models >> site
